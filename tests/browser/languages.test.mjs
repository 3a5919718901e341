// The pages in the language that the browser asks for.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { mailTo } from './mails.mjs';
import { DEMO, startWorld } from './server.mjs';

for (const { name, launch } of BROWSERS) {
  describe(`pages in German in ${name}`, () => {
    let world, browser, page;

    before(async () => {
      [browser, world] = await Promise.all([launch(), startWorld({ languages: 'en,de,ar,fr', 'registration.mode': 'open' })]);
      page = await (await freshProfile(browser)).newPage();
      await page.setExtraHTTPHeaders({ 'Accept-Language': 'de-AT,de;q=0.9,en;q=0.5' });
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    const text = (selector) => page.$eval(selector, ({ innerText }) => innerText.trim());

    test('the sign-in page comes in German, and its script goes on in it', async () => {
      await page.goto(`${world.origin}/login?return_to=/account`);
      // Before any script has run: nothing flickers.
      assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
      assert.equal(await page.title(), 'Anmelden · Countersign');
      await page.waitForSelector('#demo');
      await page.type('#username', DEMO.username);
      await page.type('#password', 'wrong password');
      await page.click('#submit');
      await holds(page, () => document.querySelector('#message').innerText === 'Benutzername oder Passwort ist falsch.');
      await lookAt(page, name, 'login-german');
      await page.$eval('#password', (field) => (field.value = ''));
      await page.type('#password', DEMO.password);
      await page.click('#submit');
      await holds(page, () => location.pathname === '/account' && document.querySelector('#sessions li'));
    });

    test('so does the account page, with its dialogs, dates and errors', async () => {
      assert.equal(await text('h1'), 'Konto');
      assert.deepEqual(await page.$$eval('#profile dt', (all) => all.map(({ innerText }) => innerText)), ['Benutzername', 'Rolle', 'Konto-ID', 'Konto seit']);
      assert.match(await text('#sessions li'), /dieses Gerät[^]*aktiv (jetzt|vor)/);
      assert.equal(await text('header button'), 'Abmelden');
      await page.type('#current', 'wrong password');
      await page.type('#next', 'short');
      assert.equal(await text('#password-form .length'), '5 von 15 Zeichen');
      await page.type('#next', ' but not for long');
      await page.$eval('#password-form .primary', (button) => button.click());
      await holds(page, () => document.querySelector('#password-form [role=alert]').innerText.endsWith('.'));
      assert.equal(await text('#password-form [role=alert]'), 'Das bisherige Passwort ist falsch.');
      await lookAt(page, name, 'account-german');
      await page.$eval('#everywhere', (button) => button.click());
      await page.waitForSelector('dialog[open]');
      assert.equal(await text('dialog h2'), 'Auf allen Geräten abmelden, auch auf diesem?');
      await page.$eval('dialog button[value=yes]', (button) => button.click());
      await holds(page, () => document.querySelector('#reason')?.innerText === 'Sie sind abgemeldet.');
    });

    test('so does the administration, in all its views', async () => {
      await page.goto(`${world.origin}/login?return_to=/admin`);
      await page.type('#username', DEMO.username);
      await page.type('#password', DEMO.password);
      await page.click('#submit');
      await holds(page, () => location.pathname === '/admin' && document.querySelector('#view h1')?.innerText === 'Übersicht');
      assert.equal(await page.title(), 'Übersicht · Countersign');
      assert.deepEqual(await page.$$eval('#views a', (all) => all.map(({ innerText }) => innerText)), ['Übersicht', 'Benutzer', 'Schlüssel', 'Protokoll']);
      await holds(page, () => document.querySelector('#view').innerText.includes('Laufende Sitzungen'));
      await lookAt(page, name, 'admin-german');
      await page.goto(`${world.origin}/admin#users`);
      await holds(page, () => /\d Benutzer/.test(document.querySelector('#view').innerText));
      await page.$eval('#view .primary', (button) => button.click());
      await page.waitForSelector('dialog[open]');
      assert.equal(await text('dialog h2'), 'Neuer Benutzer');
      await page.keyboard.press('Escape');
      await page.$eval('#view tbody .link', (link) => link.click());
      await holds(page, () => document.querySelector('#view').innerText.includes('Überall abmelden'));
      await lookAt(page, name, 'admin-user-german');
      await page.goto(`${world.origin}/admin#keys`);
      await holds(page, () => document.querySelector('#view').innerText.includes('signiert jetzt'));
      await page.goto(`${world.origin}/admin#audit`);
      await holds(page, () => document.querySelector('#view').innerText.includes('Anmeldung gelungen'));
      await lookAt(page, name, 'admin-audit-german');
    });

    test('so does the first page, signed in and not, with its code as it is', async () => {
      await page.goto(world.origin);
      await holds(page, () => document.querySelector('#start').innerText === 'Zu Ihrem Konto');
      await page.$eval('header button', (button) => button.click());
      await holds(page, () => document.querySelector('#reason').innerText === 'Sie sind abgemeldet.');
      await page.goto(world.origin);
      await holds(page, () => document.querySelector('#start').innerText === 'Anmelden');
      assert.equal(await text('.lead'), 'Einmal anmelden. Überall prüfen.');
      assert.deepEqual(await page.$$eval('[role=tab]', (all) => all.map(({ innerText }) => innerText)), ['Browser', 'Terminal', 'Dienst']);
      assert.ok((await text('#browser code')).includes(`createClient({ baseUrl: '${world.origin}' })`));
      await lookAt(page, name, 'index-german');
      await page.$eval('#tab-service', (tab) => tab.click());
      assert.equal(await page.$eval('#copy', ({ hidden }) => hidden), true, 'there is no code to copy');
      assert.match(await text('#service'), /Öffentliche Schlüssel[^]*auch als openapi\.json/);
      await lookAt(page, name, 'index-service-german');
    });

    test('so does the page about the API; what the document says is marked as English', async () => {
      await page.goto(`${world.origin}/docs#login`);
      await holds(page, () => document.querySelector('#login[open]'));
      assert.equal(await text('label[for=filter]'), 'Route, Fehlercode oder Feld suchen');
      const login = await text('#login');
      for (const part of ['Nachweis: keiner', 'Anfrage', 'optional', 'invalid_credentials', 'newPassword']) assert.ok(login.includes(part), part);
      assert.ok(await page.$('#login dl[aria-label=Felder]'));
      assert.match(await text('#about'), /Die Beschreibungen der Routen und Felder sind auf Englisch\.$/);
      const unmarked = await page.$$eval('#about p, summary .muted, #login li span', (all) => all.filter(({ lang, innerText }) => lang !== 'en' && !innerText.startsWith('Die ')).length);
      assert.equal(unmarked, 0);
      await lookAt(page, name, 'docs-german');
      await page.type('#filter', 'there is no such thing');
      await holds(page, () => document.querySelector('#none').innerText === 'Nichts passt dazu.');
    });

    test('a mistyped address is answered in German too', async () => {
      await page.goto(`${world.origin}/accuont`);
      assert.equal(await text('h1'), 'Seite nicht gefunden');
    });

    test('the page of a mail runs from right to left in Arabic, and counts as Arabic does', async () => {
      await page.setExtraHTTPHeaders({ 'Accept-Language': 'ar' });
      await page.goto(`${world.origin}/register`);
      assert.equal(await page.evaluate(() => document.documentElement.dir), 'ltr', 'of pages there are fewer languages');
      await page.type('#address', 'amal@example.org');
      await page.$eval('#ask .primary', (button) => button.click());
      const { link, subject } = await mailTo(world, 'amal@example.org');
      assert.match(subject, /أنشئ حسابك/);
      await page.goto(link);
      assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), ['ar', 'rtl']);
      assert.equal(await text('h1'), 'أنشئ حسابك');
      assert.match(await text('#hint'), /15\u2069? حرفًا على الأقل/);
      await lookAt(page, name, 'link-register-arabic');
      await page.setExtraHTTPHeaders({ 'Accept-Language': 'fr' });
      await page.goto(link);
      assert.match(await text('main'), /Votre compte aura l’adresse amal@example\.org\./);
      await lookAt(page, name, 'link-register-french');
    });
  });
}
