// Virtual authenticators: in Chromium over the DevTools protocol, in Firefox by the service that its WebDriver commands use. They hold real keys and make
// real signatures; only their user is simulated.

const FIREFOX_SERVICE = `Cc['@mozilla.org/webauthn/service;1'].getService(Ci.nsIWebAuthnService)`;

/** What a browser has to be launched with, so that it takes one. */
export const LAUNCH = {
  chromium: {},
  firefox: { args: ['-remote-allow-system-access'], extraPrefsFirefox: { 'security.webauth.webauthn_enable_softtoken': true, 'security.webauth.webauthn_enable_usbtoken': false } },
};

/**
 * Gives the page an authenticator: a platform one that verifies its user and keeps passkeys, unless `options` say otherwise. Whatever is asked of it,
 * its user is there at once.
 */
export function virtualAuthenticator(page, browserName, options = {}) {
  const wanted = { transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, ...options };
  return browserName === 'chromium' ? ofChromium(page, wanted) : ofFirefox(page, wanted);
}

async function ofChromium(page, options) {
  const session = await page.createCDPSession();
  await session.send('WebAuthn.enable');
  const send = (name, more) => session.send(`WebAuthn.${name}`, { authenticatorId, ...more });
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', ctap2Version: 'ctap2_1', automaticPresenceSimulation: true, ...options },
  });
  return {
    /** What it keeps: `{ credentialId, rpId, userHandle, userName, privateKey, signCount }`, bytes as base64. */
    credentials: async () => (await send('getCredentials')).credentials,
    add: (credential) => send('addCredential', { credential }),
    remove: (credentialId) => send('removeCredential', { credentialId }),
    /** Whether its user can show who they are. */
    setUserVerified: (isUserVerified) => send('setUserVerified', { isUserVerified }),
    /** Whether its user is there. */
    setPresent: (enabled) => send('setAutomaticPresenceSimulation', { enabled }),
    /** Somebody chooses a passkey in the autofill: here, whoever is there has chosen. */
    choose: async () => {},
    leave: () => send('removeVirtualAuthenticator'),
  };
}

async function ofFirefox(page, { transport, hasResidentKey, hasUserVerification, isUserVerified }) {
  const { connection } = page.browser();
  const { result } = await connection.send('browsingContext.getTree', { 'moz:scope': 'chrome' });
  const [{ context }] = result.contexts;
  const run = async (work, ...args) => {
    const expression = `(async () => JSON.stringify((await (${work})(${FIREFOX_SERVICE}, ...${JSON.stringify(args)})) ?? null))()`;
    const { result } = await connection.send('script.evaluate', { expression, target: { context }, awaitPromise: true });
    if (result.type !== 'success') throw new Error(result.exceptionDetails.text);
    return JSON.parse(result.result.value);
  };
  const id = await run((service, ...args) => service.addVirtualAuthenticator('ctap2_1', ...args), transport, hasResidentKey, hasUserVerification, true, isUserVerified);
  const credentials = () => run((service, id) => service.getCredentials(id).map(({ credentialId, rpId, userHandle, signCount }) => ({ credentialId, rpId, userHandle, signCount })), id);
  return {
    credentials,
    remove: (credentialId) => run((service, id, credentialId) => service.removeCredential(id, credentialId), id, credentialId),
    setUserVerified: (value) => run((service, id, value) => service.setUserVerified(id, value), id, value),
    choose: async () => {
      const [{ credentialId }] = await credentials();
      const choose = (service, origin, credentialId) => {
        for (const window of Services.wm.getEnumerator('navigator:browser')) {
          for (const { linkedBrowser } of window.gBrowser.tabs) {
            const request = linkedBrowser.browsingContext && service.hasPendingConditionalGet(linkedBrowser.browsingContext.id, origin);
            if (request) {
              service.selectAutoFillEntry(request, [...new Uint8Array(ChromeUtils.base64URLDecode(credentialId, { padding: 'ignore' }))]);
              return true;
            }
          }
        }
        throw new Error('nothing waits behind the autofill');
      };
      await run(choose, new URL(page.url()).origin, credentialId);
    },
    leave: () => run((service, id) => service.removeVirtualAuthenticator(id), id),
  };
}
