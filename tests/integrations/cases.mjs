// The one table of cases: what every consumer is asked, and what it must say unless it documents otherwise.

/** `token` is a name in the world's tokens; `headers` are what a client adds to spoof somebody. */
export const CASES = [
  { name: 'good', token: 'good', status: 200 },
  { name: 'no token', status: 401 },
  { name: 'expired', token: 'expired', status: 401 },
  { name: 'no expiry', token: 'noExpiry', status: 401 },
  { name: 'not yet valid', token: 'notYetValid', status: 401 },
  { name: 'wrong audience', token: 'wrongAudience', status: 401 },
  { name: 'wrong issuer', token: 'wrongIssuer', status: 401 },
  { name: 'wrong type', token: 'wrongType', status: 401 },
  { name: 'none', token: 'none', status: 401 },
  { name: 'HS256 with the public key', token: 'publicKeyAsSecret', status: 401 },
  { name: 'forged', token: 'forged', status: 401 },
  { name: 'unknown kid', token: 'unknownKid', status: 401 },
  { name: 'no kid', token: 'noKid', status: 401 },
  { name: 'revoked', token: 'revoked', status: 401 },
  { name: 'X-Auth-Username', token: 'good', spoofed: (name) => [name], status: 200 },
  { name: 'X_Auth_Username', token: 'good', spoofed: (name) => [name.replaceAll('-', '_')], status: 200 },
  { name: 'X.Auth.Username', token: 'good', spoofed: (name) => [name.replaceAll('-', '.')], status: 200 },
  { name: 'other aliases', token: 'good', spoofed: aliases, status: 200 },
];

/** What CGI, WSGI and PHP take for the same name: whatever else RFC 9110 §5.6.2 allows in one, and mixtures. */
function aliases(name) {
  const whole = [..."!#$%&'*+^`|~"].map((character) => name.replaceAll('-', character));
  return [...whole, name.replace('-', '_'), name.replace(/-(?=[^-]*$)/, '_'), name.replace(/-(?=[^-]*$)/, '.')];
}

export const SPOOFED = ['X-Auth-User-Id', 'X-Auth-Username', 'X-Auth-Role'];
export const STRANGER = 'mallory';

/** Why consumers differ: one reason has one text, here and in the guides. */
export const OFFLINE = { revoked: { status: 200, why: 'It checks tokens offline: a session that ended is refused when its token expires.' } };
export const TRIES_KEYS = { 'no kid': { status: 200, why: 'A token without `kid` is checked with the only published key that fits; its signature is genuine.' } };
export const IGNORES_KID = {
  'no kid': { status: 200, why: 'It has one key and ignores `kid`; the signature is genuine.' },
  'unknown kid': { status: 200, why: 'It has one key and ignores `kid`; the signature is genuine.' },
};

/**
 * What is wrong with a response to a case, or `undefined`.
 * @param {{status: number, body: string, challenge?: string}} response
 */
export function fault({ name, status: usual }, consumer, response, user) {
  const { status } = consumer.differs?.[name] ?? { status: usual };
  if (response.status !== status) return `${name}: ${response.status} instead of ${status} ${response.body.slice(0, 300)}`;
  if (status === 401 && !consumer.noChallenge && !/^Bearer\b/.test(response.challenge ?? '')) return `${name}: 401 without WWW-Authenticate: Bearer`;
  if (status !== 200) return response.body.includes('"headers"') ? `${name}: the service was asked in spite of ${status}` : undefined;
  const said = names(response.body);
  return said.length === 1 && said[0] === user ? undefined : `${name}: the service takes the caller for ${JSON.stringify(said)} ${response.body.slice(0, 600)}`;
}

/** Whom a service takes for the caller: what it says itself, or what CGI, WSGI and PHP make of the headers that reach it. */
function names(body) {
  const { user, headers } = JSON.parse(body);
  if (user !== undefined) return [user];
  const variable = (name) => name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  const found = headers.filter(([name]) => variable(name) === 'X_AUTH_USERNAME').map(([, value]) => value);
  // Nor may another of the spoofed headers arrive.
  const foreign = headers.filter(([, value]) => value.includes(STRANGER)).map(([name]) => name);
  return [...found, ...foreign];
}
