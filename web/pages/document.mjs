// The HTML document around a page's body: one head for all pages.

/**
 * `isTranslated`: it is built in each of `LANGUAGES` too; `hasOwnWords`: with words that no other page carries, in `src/de-admin.ts`, `src/de-docs.ts`. `script`: the page loads the script of its own name. `client`: it also loads `/client.js`; `account`: and `/client-account.js`.
 * `policy`: where it differs from `POLICY`. The debugger may make no request (HD-7), but runs WebAssembly.
 */
export const PAGES = [
  { name: 'index', title: 'Countersign', script: true, client: true, isTranslated: true },
  { name: 'login', title: 'Sign in · Countersign', script: true, client: true, isTranslated: true },
  { name: 'forgot', title: 'Forgot your password? · Countersign', script: true, client: true, account: true, isTranslated: true },
  { name: 'mail-sign-in', title: 'Sign in by mail · Countersign', script: true, client: true, account: true, isTranslated: true },
  { name: 'register', title: 'Make an account · Countersign', script: true, client: true, account: true, isTranslated: true },
  { name: 'account', title: 'Account · Countersign', script: true, client: true, account: true, isTranslated: true },
  { name: 'admin', title: 'Admin · Countersign', script: true, client: true, isTranslated: true, hasOwnWords: true },
  {
    name: 'debugger',
    title: 'Token debugger · Countersign',
    script: true,
    policy: { 'script-src': "'self' 'wasm-unsafe-eval'", 'connect-src': "'none'" },
  },
  { name: 'docs', title: 'API · Countersign', script: true, isTranslated: true, hasOwnWords: true },
  { name: 'missing', title: 'Page not found · Countersign', isTranslated: true },
];

/** The languages beside English that the pages with `isTranslated` are built in: `html/de.json`, `src/de.ts`. */
export const LANGUAGES = ['de'];

/** The name of a page's file in a language, without the extension. */
export const fileOf = (name, lang) => (lang === 'en' ? name : `${name}.${lang}`);

const POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'",
  'form-action': "'none'",
  'base-uri': "'none'",
  'require-trusted-types-for': "'script'",
};

/**
 * The document of one of `PAGES`; `body` is its `<body>` element with the indentation of the source file. Every
 * address is relative to the page's, so that the pages work under a path prefix. The server replaces the name, the
 * logo (`assets/icon.svg`), the home (`./`), the list of optional pages and the fewest characters of a password, and takes out each line with the `data-page`
 * of a page that is off, and with the `data-without-page` of one that is on (`http/pages/document.rs`). In development
 * it adds the demo users to the sign-in page.
 */
export function documentOf({ name, title, script, client, account, policy }, body, lang = 'en') {
  const directives = Object.entries({ ...POLICY, ...policy }).map(([directive, sources]) => `${directive} ${sources}`);
  const head = [
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="${directives.join('; ')}">`,
    `<title>${title}</title>`,
    '<meta name="application-name" content="Countersign">',
    '<link rel="icon" href="assets/icon.svg">',
    '<link rel="stylesheet" href="assets/style.css">',
    client && '<link rel="modulepreload" href="client.js">',
    account && '<link rel="modulepreload" href="client-account.js">',
    script && `<script type="module" src="assets/${fileOf(name, lang)}.js"></script>`,
  ];
  const lines = head.filter(Boolean).map((line) => `    ${line}\n`);
  return `<!doctype html>\n<html lang="${lang}" dir="ltr" data-home="./" data-pages="account apps admin debugger docs forgot mail-sign-in register invitations" data-languages="en de" data-password-length="15" data-deletion-grace="1209600">\n  <head>\n${lines.join('')}  </head>\n${body}</html>\n`;
}
