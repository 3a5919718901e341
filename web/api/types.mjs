// Makes the TypeScript types of the API's JSON from `docs/openapi.json`; with `--check`, fails if they are not current. Each
// package gets the schemas that it uses: types of all routes would be most of the published client.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const { openapi, info, components } = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
const { schemas } = components;

const kinds = schemas.AuditKind.enum.map((kind) => `  '${kind}',\n`).join('');
const FILES = {
  '../client/src/wire.ts': await types(['ErrorCode', 'User', 'TokenResponse', 'StartedMail', 'Email', 'Deletion']),
  '../pages/src/wire.ts': `/** The kinds of events in the audit log. */\nexport const AUDIT_KINDS = [\n${kinds}] as const;\n\n${await types(['Account', 'Email', 'Invitation', 'Session', 'ConnectedApp', 'ApiKey', 'Key', 'AuditEvent', 'Follower', 'Overview', 'FactorsBody', 'FactorOffer', 'AddedFactor', 'RecoveryCodesBody'])}`,
};

let isStale = false;
for (const [name, text] of Object.entries(FILES)) {
  const file = new URL(name, import.meta.url);
  const wanted = `// Generated from docs/openapi.json by \`npm run build\`. Do not edit.\n\n${text}`;
  if (!process.argv.includes('--check')) writeFileSync(file, wanted);
  else if (readFileSync(file, 'utf8') !== wanted) isStale = true;
}
if (isStale) {
  console.error('the types are not those of docs/openapi.json: npm run build --prefix web');
  process.exit(1);
}

/** The types of these schemas and of those that they name. */
async function types(names) {
  const used = Object.fromEntries([...closure(names)].sort().map((name) => [name, { ...schemas[name], examples: undefined }]));
  const options = { immutable: true, rootTypes: true, rootTypesNoSchemaPrefix: true };
  const text = astToString(await openapiTS({ openapi, info, paths: {}, components: { schemas: used } }, options));
  return text.slice(text.indexOf('export interface components'), text.indexOf('export type $defs'));
}

function closure(names, found = new Set()) {
  for (const name of names.filter((name) => !found.has(name))) {
    found.add(name);
    const references = JSON.stringify(schemas[name]).matchAll(/#\/components\/schemas\/(\w+)/g);
    closure([...references].map(([, reference]) => reference), found);
  }
  return found;
}
