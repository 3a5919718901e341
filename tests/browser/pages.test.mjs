// The pages in real browsers against the real server: what a user does, and how the pages look.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { DEMO, startWorld, until } from './server.mjs';

for (const { name, launch } of BROWSERS) {
  describe(`pages in ${name}`, () => {
    let world, browser, context, page;
    const complaints = [];

    before(async () => {
      world = await startWorld();
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    /** A new browser profile with one page, at `path`. */
    async function visit(path) {
      context = await freshProfile(browser, context);
      page = await context.newPage();
      await page.setViewport({ width: 1200, height: 850 });
      // A page with edits asks before it is left.
      page.on('dialog', (dialog) => void dialog.accept());
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
      });
      await page.goto(world.origin + path);
    }

    async function signIn({ username, password } = DEMO) {
      await page.waitForSelector('#submit');
      await page.$eval('#username', (field) => (field.value = ''));
      await page.$eval('#password', (field) => (field.value = ''));
      await page.type('#username', username);
      await page.type('#password', password);
      await page.click('#submit');
    }

    const path = () => page.url().slice(world.origin.length);
    const arrive = (wanted) => until(`the address ${wanted}`, () => path() === wanted);
    const text = (selector) => page.$eval(selector, (element) => element.textContent);
    const hears = (part) => holds(page, (part) => document.body.innerText.includes(part), part);
    // In one step, because the rows may be replaced at any time.
    const openFirst = async () => {
      await page.evaluate(() => document.querySelector('tbody .link').click());
      await page.waitForSelector('.halves');
    };
    /** From a user's page back to the list. */
    const backToList = async () => {
      await page.evaluate(() => document.querySelector('a[href^="#users"]:not(#views a)').click());
      await page.waitForSelector('#search');
    };
    const dialogCloses = () => holds(page, () => !document.querySelector('dialog[open]'));
    /** Presses the button with this text in the topmost dialog, or on the page. */
    const press = (label) =>
      page.evaluate((label) => {
        const scope = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
        const button = [...scope.querySelectorAll('button')].find((button) => button.textContent === label && !button.hidden);
        if (!button) throw new Error(`no button ${label}`);
        button.click();
      }, label);

    const look = (what) => lookAt(page, name, what);

    test('the first page says what this server is', async () => {
      await visit('/');
      await hears('Countersign');
      // The examples can be copied as they are, wherever the server is. The tabs go round by arrow keys.
      await page.evaluate(() => {
        Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => (window.copied = text) } });
      });
      await hears(`createClient({ baseUrl: '${world.origin}' })`);
      await page.focus('#tab-browser');
      await page.keyboard.press('ArrowRight');
      await hears(`curl -X POST ${world.origin}/api/login`);
      assert.equal(await page.evaluate(() => document.body.innerText.includes('createClient')), false);
      await page.click('#copy');
      assert.match(await page.evaluate(() => window.copied), new RegExp(`^curl -X POST ${world.origin}/api/login`));
      await page.keyboard.press('ArrowRight');
      await page.focus('#tab-terminal');
      await page.keyboard.press('ArrowLeft');
      await hears('createClient');
      assert.deepEqual([await text('#start'), await text('#nav')], ['Sign in', 'DebuggerSign in']);
      await look('index');
      await page.goto(`${world.origin}/login`);
      // With the space that keyboards of phones add.
      await signIn({ username: 'admin ', password: DEMO.password });
      await arrive('/account');
      await page.goto(world.origin);
      await holds(page, () => document.querySelector('#start').textContent === 'Go to your account');
      assert.equal(await text('#nav'), 'AccountAdminDebuggeradminSign out');
      // On a phone the menu and the logo share one line.
      await page.setViewport({ width: 390, height: 844 });
      for (const path of ['/', '/account', '/admin']) {
        await page.goto(world.origin + path);
        await page.waitForSelector('.who');
        assert.ok(await page.$eval('header', ({ clientHeight }) => clientHeight < 60), path);
      }
    });

    test('sign in: a wrong password, then the right one, then the page that was asked for', async () => {
      await visit('/login?return_to=%2Fadmin%23keys');
      await look('login');
      await signIn({ username: 'admin', password: 'wrong' });
      await hears('The username or password is wrong.');
      await look('login-wrong');
      assert.equal(path(), '/login?return_to=%2Fadmin%23keys');
      await signIn();
      await arrive('/admin#keys');
    });

    test('sign in stays on this origin, whatever return_to says (CS-8)', async () => {
      for (const target of ['//evil.example', '/\\evil.example', 'https:evil.example', '/\t/evil.example', 'javascript:alert(1)']) {
        await visit(`/login?${new URLSearchParams({ return_to: target })}`);
        await signIn();
        await arrive('/account');
      }
    });

    test('the form is one that password managers fill in (PP-9)', async () => {
      await visit('/login');
      const fields = await page.$$eval('form input', (inputs) => inputs.map(({ type, autocomplete, name }) => [name, type, autocomplete]));
      assert.deepEqual(fields, [['username', 'text', 'username webauthn'], ['password', 'password', 'current-password']]);
      await page.type('#password', 'x');
      await page.click('#show');
      assert.equal(await page.$eval('#password', (field) => field.type), 'text');
    });

    test('sign in: a required change of password is made in the same form (PP-7, PP-9)', async () => {
      const admin = await world.call('POST', '/api/login', { body: DEMO });
      const user = { username: `fay-${name}`, password: 'a password of many words' };
      const body = { ...user, passwordChangeRequired: true };
      assert.equal((await world.call('POST', '/api/admin/users', { body, token: admin.body.accessToken })).status, 201);
      await visit('/login?return_to=%2Faccount%23password');
      await signIn(user);
      await hears('Choose one to sign in.');
      const names = () => page.evaluate(() => ['#title', '#submit'].map((id) => document.querySelector(id).textContent));
      assert.deepEqual([...(await names()), await text('#password-label')], ['Choose a new password', 'Save and sign in', 'Current password']);
      await look('login-new-password');
      const field = await page.$eval('#new-password', ({ type, autocomplete, required }) => [type, autocomplete, required, document.activeElement.id]);
      assert.deepEqual(field, ['password', 'new-password', true, 'new-password']);
      await page.click('[aria-label="Show new password"]');
      assert.deepEqual(await page.$$eval('form input', (inputs) => inputs.map(({ type }) => type)), ['text', 'password', 'text']);
      // The field is for this account only: another username removes it.
      await page.type('#username', 'x');
      assert.equal(await page.$('#new-password'), null);
      assert.deepEqual(await names(), ['Sign in', 'Sign in']);
      assert.equal(await text('#reason'), '');
      await signIn(user);
      await page.waitForSelector('#new-password');
      const choose = async (password) => {
        await page.$eval('#new-password', (input) => (input.value = ''));
        await page.type('#new-password', password);
        await page.click('#submit');
      };
      await choose('short');
      await hears('The password must have at least');
      await choose(user.password);
      await hears('The new password must not be the current one.');
      // Pasted, as a password manager would.
      await page.$eval('#new-password', (input) => {
        input.focus();
        input.select();
        document.execCommand('insertText', false, 'another one of many words');
      });
      await page.click('#submit');
      await arrive('/account#password');
      assert.equal((await world.call('POST', '/api/login', { body: user })).status, 401);
      assert.equal((await world.call('POST', '/api/login', { body: { ...user, password: 'another one of many words' } })).status, 200);
    });

    test('sign in: somebody who must wait is told for how long, in one sentence', async () => {
      await visit('/login');
      // As the server refuses, and with its text, without the attempts that it takes.
      await page.evaluate(() => {
        const real = window.fetch;
        const refusal = () => new Response('{"error":"Too many attempts, try again later","code":"too_many_attempts"}', { status: 429, headers: { 'Retry-After': '61' } });
        window.fetch = (input, init) => (String(input).endsWith('/api/login') ? Promise.resolve(refusal()) : real(input, init));
      });
      await signIn();
      await hears('Too many attempts. Try again in 1:01 minutes.');
      await look('login-throttled');
      // Whichever second it is: a busy machine takes its time for the pictures.
      await holds(page, () => /Too many attempts\. Try again in \d+ seconds?\./.test(document.body.innerText));
      assert.equal(await page.$eval('#submit', ({ disabled }) => disabled), true);
    });

    test('sign in: why the form is shown stands above it, until something is tried', async () => {
      await visit('/login?reason=logout');
      await hears('You are signed out.');
      const isAbove = await page.evaluate(() => document.querySelector('#reason p').getBoundingClientRect().bottom <= document.querySelector('#username').getBoundingClientRect().top);
      assert.ok(isAbove);
      await signIn({ username: 'admin', password: 'wrong' });
      await hears('The username or password is wrong.');
      assert.equal(await text('#reason'), '');
    });

    test('a visitor who is not signed in is sent to the sign-in page and back', async () => {
      await visit('/account');
      await arrive('/login?return_to=%2Faccount');
      // A refusal would be an error in the console of every visitor.
      await holds(page, () => performance.getEntriesByType('resource').some(({ name, responseStatus }) => name.includes('/api/refresh') && responseStatus === 200));
      await signIn();
      await arrive('/account');
    });

    test('a signed-in user is sent on from the sign-in page', async () => {
      await visit('/login');
      await signIn();
      await arrive('/account');
      await page.goto(`${world.origin}/login?return_to=/debugger`);
      await arrive('/debugger');
    });

    test('signing out without a connection stays on the page and says so', async () => {
      await visit('/login');
      await signIn();
      await arrive('/account');
      await page.waitForSelector('#sessions li');
      world.weather = () => ({ cut: 'request' });
      await press('Sign out');
      await hears('The server cannot be reached; this page tells it as soon as possible.');
      assert.equal(path(), '/account');
      world.weather = () => ({});
      await page.evaluate(() => window.dispatchEvent(new Event('online')));
      await arrive('/login?reason=logout');
      await hears('You are signed out.');
    });

    test('account: profile, sessions, end other sessions', async () => {
      await world.call('POST', '/api/login', { body: DEMO });
      await visit('/login');
      await signIn();
      await arrive('/account');
      await page.waitForSelector('#sessions li');
      assert.match(await text('#profile'), /admin/);
      assert.equal(await page.$$eval('#sessions .badge', (badges) => badges.length), 1);
      await look('account');
      // One of them: the focus stays in the list, whose button is gone.
      const count = await page.$$eval('#sessions li', ({ length }) => length);
      await page.evaluate(() => document.querySelector('#sessions button').click());
      await hears('That device is signed out.');
      await holds(page, (left) => document.querySelectorAll('#sessions li').length === left, count - 1);
      await holds(page, () => document.activeElement.id === 'sessions');
      await press('Sign out other devices');
      await press('Sign out other devices');
      await hears('All other devices are signed out.');
      await holds(page, () => document.querySelectorAll('#sessions li').length === 1);
    });

    test('account: change the password, with the reason when it is refused', async () => {
      const admin = await world.call('POST', '/api/login', { body: DEMO });
      const user = { username: `dora-${name}`, password: 'a password of many words' };
      assert.equal((await world.call('POST', '/api/admin/users', { body: user, token: admin.body.accessToken })).status, 201);
      await visit('/login');
      await signIn(user);
      await arrive('/account');
      await page.waitForSelector('#sessions li');
      const change = async (current, next) => {
        await page.$eval('#password-form', (form) => form.reset());
        await page.type('#current', current);
        await page.type('#next', next);
        await press('Change password');
      };
      await page.type('#next', 'eleven char');
      assert.equal(await text('.length'), '11 of 15 characters');
      await page.click('[aria-label="Show current password"]');
      assert.deepEqual(await page.$$eval('#current, #next', (inputs) => inputs.map(({ type }) => type)), ['text', 'password']);
      await change('not that one at all', 'another one of many words');
      assert.equal(await text('.length'), '25 characters');
      await hears('The current password is wrong.');
      await change(user.password, 'short');
      await holds(page, () => /at least|too short|characters/i.test(document.querySelector('#password-form [role=alert]').textContent));
      await change(user.password, 'another one of many words');
      await hears('Your password is changed.');
      assert.equal(path(), '/account');
      // In sight, wherever the page is scrolled to.
      await page.setViewport({ width: 390, height: 844 });
      const box = await page.$eval('#message .notice', (notice) => notice.getBoundingClientRect().toJSON());
      assert.ok(box.top >= 0 && box.bottom <= 844 && box.left >= 0 && box.right <= 390, JSON.stringify(box));
      // Out of the way of the button that was pressed.
      assert.ok(box.bottom < 300, JSON.stringify(box));
      await page.click('#message .dismiss');
      assert.equal(await text('#message'), '');
      await press('Sign out');
      await arrive('/login?reason=logout');
      await page.goto(`${world.origin}/admin`);
      await signIn({ ...user, password: 'another one of many words' });
      await hears(`You are signed in as ${user.username}, who is not an administrator.`);
      await look('admin-forbidden');
      await press('Sign in as someone else');
      await arrive('/login?return_to=%2Fadmin');
      await signIn();
      await page.waitForSelector('tbody tr');
    });

    test('account: a copy of everything, the deletion of the account, and back (AD-1, AD-3, AD-4)', async () => {
      const admin = await world.call('POST', '/api/login', { body: DEMO });
      const user = { username: `leo-${name}`, password: 'a password of many words' };
      assert.equal((await world.call('POST', '/api/admin/users', { body: user, token: admin.body.accessToken })).status, 201);
      await visit('/login?return_to=/account%23change-password');
      await signIn(user);
      await page.waitForSelector('#sessions li');
      // Where a password manager leads to.
      await holds(page, () => document.activeElement.id === 'current');
      await page.evaluate(() => {
        const make = URL.createObjectURL.bind(URL);
        let blob;
        URL.createObjectURL = (made) => make((blob = made));
        HTMLAnchorElement.prototype.click = function () {
          void blob.text().then((text) => (window.saved = { name: this.download, file: JSON.parse(text) }));
        };
      });
      await press('Download my data');
      await holds(page, (username) => window.saved?.file.user.username === username && /^account-[-0-9]{10}\.json$/.test(window.saved.name), user.username);
      await press('Delete my account');
      await look('account-delete');
      await page.type('dialog input', 'not that one at all');
      await page.click('dialog .danger');
      await hears('The current password is not right.');
      await page.$eval('dialog input', (field) => (field.value = ''));
      await page.type('dialog input', user.password);
      await page.click('dialog .danger');
      const gone = '/login?return_to=%2Faccount%23change-password&reason=deletion';
      await arrive(gone);
      await hears('your account is going to be deleted');
      await signIn(user);
      await hears('This account is going to be deleted on');
      assert.equal(path(), gone);
      await look('login-deletion');
      await press('Keep my account');
      await arrive('/account#change-password');
      await page.waitForSelector('#sessions li');
    });

    test('a page that is long in coming says so', async () => {
      await visit('/login');
      await signIn();
      await arrive('/account');
      await page.waitForSelector('#sessions li');
      let release;
      const held = new Promise((resolve) => (release = resolve));
      await page.setRequestInterception(true);
      page.on('request', (request) => void (request.url().includes('/api/refresh') ? held : Promise.resolve()).then(() => request.continue()));
      await page.reload({ waitUntil: 'domcontentloaded' });
      const notice = () => {
        const { content, opacity } = getComputedStyle(document.body, '::after');
        return content === '"Loading…"' && opacity === '1';
      };
      await holds(page, notice);
      release();
      await page.waitForSelector('#sessions li');
      assert.equal(await page.evaluate(notice), false);
      await page.setRequestInterception(false);
    });

    test('account: a session that is ended elsewhere says so on the sign-in page', async () => {
      await visit('/login');
      await signIn({ username: 'demo', password: 'password123' });
      await arrive('/account');
      await page.waitForSelector('#sessions li');
      const phone = await world.call('POST', '/api/login', { body: { username: 'demo', password: 'password123' } });
      await world.call('DELETE', '/api/sessions', { token: phone.body.accessToken });
      await press('Sign out everywhere');
      await press('Cancel');
      await page.evaluate(() => document.querySelector('#end-others').click());
      await press('Sign out other devices');
      await hears('This session was ended on another device or by an administrator.');
      assert.match(path(), /^\/login\?return_to=%2Faccount&reason=session_revoked$/);
      // And to somebody who only comes back later.
      await signIn({ username: 'demo', password: 'password123' });
      await arrive('/account');
      await page.waitForSelector('#sessions li');
      const other = await world.call('POST', '/api/login', { body: { username: 'demo', password: 'password123' } });
      await world.call('DELETE', '/api/sessions', { token: other.body.accessToken });
      await page.reload();
      await hears('This session was ended on another device or by an administrator.');
    });

    test('admin: the overview shows what has happened, as bars and as numbers, and keeps up to date', async () => {
      await visit('/login?return_to=/admin');
      await signIn();
      const numberOf = (row) => page.evaluate((row) => [...document.querySelectorAll('.chart')].find(({ firstChild }) => firstChild.textContent === row)?.querySelector('strong').textContent, row);
      const shows = (row, number) => until(`${row}: ${number}`, async () => (await numberOf(row)) === String(number));
      await page.waitForSelector('.chart svg');
      await hears('Next signing key');
      const [good, bad] = await Promise.all(['Signed in', 'Wrong name or password'].map(numberOf));
      assert.ok(Number(good) >= 1, good);
      await world.call('POST', '/api/login', { body: { ...DEMO, password: 'wrong' } });
      await world.call('POST', '/api/login', { body: DEMO });
      // As if a minute had gone by.
      await page.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() + 61_000;
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await shows('Signed in', Number(good) + 1);
      await shows('Wrong name or password', Number(bad) + 1);
      // The picture says the same to those who do not see it.
      const label = await page.$eval('.chart svg', (picture) => picture.ariaLabel);
      assert.match(label, new RegExp(`^Signed in: ${Number(good) + 1}, at most \\d+ in a minute$`));
      await look('admin-overview');
      await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
      const cells = await page.$$eval('[data-label="Signed in"]', (cells) => cells.map(({ textContent }) => Number(textContent)));
      assert.equal(cells.reduce((sum, value) => sum + value), Number(good) + 1);
      await look('admin-overview-numbers');
      await press('Last 30 days');
      await holds(page, () => location.hash === '#overview?range=month' && /in 6 hours/.test(document.querySelector('.chart').innerText));
      await page.reload();
      await holds(page, () => document.querySelector('[aria-pressed=true]')?.textContent === 'Last 30 days');
      await shows('Signed in', Number(good) + 1);
    });

    // A development server does not look at itself.
    test('admin: the overview says what is wrong with the server, the severity in words', async () => {
      await visit('/login?return_to=/admin');
      await signIn();
      await page.waitForSelector('.now dt');
      assert.equal(await page.$('.findings'), null, 'nobody has looked');
      const shows = (findings) =>
        page.evaluate((findings) => {
          const { now } = Date;
          Date.now = () => now() + 61_000;
          const { parse } = JSON;
          JSON.parse = (...text) => {
            const value = parse(...text);
            return value?.hashingQueue === undefined ? value : { ...value, findings, findingsAt: value.at };
          };
          document.dispatchEvent(new Event('visibilitychange'));
        }, findings);
      const why = 'A disk that dies takes all accounts with it.';
      await shows([
        { id: 'keys.permissions', severity: 'error', seen: 'others can read it (mode 644)', why: 'With the key anybody can sign.', mend: 'chmod 600 /var/lib/countersign/countersign-data-with-a-long-name/master.key' },
        { id: 'backup.age', severity: 'warning', seen: '<b>no backup</b> was ever made', why, mend: 'countersign backup FILE' },
      ]);
      await page.waitForSelector('.findings li');
      const said = await page.$$eval('.findings li', (items) => items.map((item) => item.innerText));
      assert.deepEqual([said.length, said[0].includes('error'), said[1].includes('warning')], [2, true, true]);
      for (const part of ['backup.age', '<b>no backup</b> was ever made', why, 'countersign backup FILE']) assert.ok(said[1].includes(part), said[1]);
      await look('admin-findings');
      await shows([]);
      await hears('Nothing is wrong on this server.');
    });

    test('admin: an account for a program is made without a password', async () => {
      const username = `nightly-${name}`;
      await visit('/login?return_to=/admin%23users');
      await signIn();
      await page.waitForSelector('tbody tr');
      await press('New service account');
      assert.equal(await page.$('dialog [name=password]'), null);
      await page.type('dialog:last-of-type [name=username]', username);
      await look('admin-new-service');
      await press('Create');
      await hears(`User ${username} is created.`);
      await dialogCloses();
      await page.type('#search', username);
      await holds(page, (username) => document.querySelectorAll('tbody tr').length === 1 && document.querySelector('tbody .link').textContent === username, username);
      await hears('no password');
    });

    test('admin: create, search, change, disable, end sessions, delete', async () => {
      const username = `erik-${name}`;
      await visit('/login?return_to=/admin%23users');
      await signIn();
      await page.waitForSelector('tbody tr');
      await press('New user');
      // Before anybody has failed at it.
      await hears('At least 15 characters');
      await look('admin-new');
      const fill = (field, value) => page.$eval(`dialog:last-of-type [name=${field}]`, (input, value) => (input.value = value), value);
      await fill('username', username);
      await press('Generate');
      assert.deepEqual(await page.$eval('dialog [name=password]', ({ type, value }) => [type, /^(\w{5}-){3}\w{5}$/.test(value)]), ['text', true]);
      await fill('password', 'short');
      await press('Create');
      await holds(page, () => document.querySelector('dialog [role=alert]').textContent !== '');
      await fill('password', 'a password of many words');
      await page.click('dialog:last-of-type [name=change]');
      await press('Create');
      await hears(`User ${username} is created.`);
      await dialogCloses();
      await hears('new password due');
      const asked = await world.call('POST', '/api/login', { body: { username, password: 'a password of many words' } });
      assert.equal(asked.body.code, 'password_change_required');
      await page.type('#search', username);
      await holds(page, (username) => document.querySelectorAll('tbody tr').length === 1 && document.querySelector('tbody .link').textContent === username, username);
      await look('admin-users');

      const chosen = { username, password: 'a password of many words', newPassword: 'a choice of many words' };
      const user = await world.call('POST', '/api/login', { body: chosen });
      const token = user.body.accessToken;
      await openFirst();
      await page.waitForSelector('.card .list li');
      assert.equal(path(), `/admin#users/${user.body.user.userId}`);
      await look('admin-user');
      const write = (field, value) => page.$eval(`#${field}`, (input, value) => (input.value = value), value);
      await write('claims', '[1]');
      await press('Save');
      await hears('The claims must be a JSON object.');
      await write('claims', '{"team":"blue"}');
      // A way out drops no edits silently.
      await page.evaluate(() => document.querySelector('a[href="#audit"]').click());
      await hears('Discard your changes?');
      await press('Cancel');
      await dialogCloses();
      assert.equal(path(), `/admin#users/${user.body.user.userId}`);
      await page.evaluate(() => history.back());
      await hears('Discard your changes?');
      await press('Cancel');
      await dialogCloses();
      assert.equal(path(), `/admin#users/${user.body.user.userId}`);
      await press('Save');
      await hears(`${username} is saved.`);
      await holds(page, () => document.querySelector('#claims').defaultValue.includes('blue'));
      await press('Save');
      await hears('Nothing has changed.');

      // One session of two, then all that there are.
      const other = await world.call('POST', '/api/login', { body: { ...chosen, password: chosen.newPassword, newPassword: undefined } });
      await page.reload();
      await holds(page, () => document.querySelectorAll('.card .list li button').length === 2);
      await page.evaluate(() => document.querySelector('.card .list li button').click());
      await hears(`That device of ${username} is signed out.`);
      await holds(page, () => document.querySelectorAll('.card .list li button').length === 1);
      const profiles = async () => (await Promise.all([token, other.body.accessToken].map((token) => world.call('GET', '/api/profile', { token })))).map(({ status }) => status);
      assert.deepEqual((await profiles()).sort(), [200, 401]);
      await press('Sign out everywhere');
      await press('Sign out everywhere');
      await hears(`${username} is signed out everywhere.`);
      assert.deepEqual(await profiles(), [401, 401]);
      await hears('No sessions.');

      await press('Set password');
      await fill('password', 'yet another one of many words');
      await press('Set password');
      await hears(`${username} has a new password.`);
      await dialogCloses();
      const again = await world.call('POST', '/api/login', { body: { username, password: 'yet another one of many words' } });
      assert.equal(again.status, 200);

      await press('Require a new password');
      await press('Require');
      await hears(`${username} must choose a new password at the next sign-in.`);
      await hears('new password due');
      assert.equal((await world.call('GET', '/api/profile', { token: again.body.accessToken })).status, 401);
      await press('Waive the new password');
      await hears(`${username} may keep their password.`);
      await holds(page, () => !document.body.innerText.includes('new password due'));

      await write('claims', '{"team":"red"}');
      await press('Disable');
      await look('admin-confirm');
      await press('Disable');
      await hears(`${username} is disabled.`);
      await page.waitForSelector('h1 + .badge.bad');
      // Another change of the same user drops no edits.
      assert.equal(await page.$eval('#claims', ({ value }) => value), '{"team":"red"}');
      await page.$eval('#claims', (field) => (field.value = field.defaultValue));
      await backToList();
      await page.waitForSelector('tbody .bad');
      // The search is as it was left, and the focus on their row.
      assert.equal(path(), `/admin#users?search=${username}`);
      await holds(page, (username) => document.activeElement.textContent === username, username);

      await openFirst();
      await press('Delete');
      await press('Delete');
      await hears(`${username} is deleted.`);
      await hears('No user matches.');
      await holds(page, () => document.activeElement.matches('h1'));
      await look('admin-empty');
      // The search is in the address, so that a reload shows the same.
      assert.equal(path(), `/admin#users?search=${username}`);
      await page.reload();
      await hears('No user matches.');
      await press('Show all users');
      await page.waitForSelector('tbody tr');
      assert.match(await text('.filters > p'), /^\d+ users$/);
      assert.equal(path(), '/admin#users');
    });

    test('admin: the user list by role, state and age', async () => {
      const { body } = await world.call('POST', '/api/login', { body: DEMO });
      const made = await world.call('POST', '/api/admin/users', { body: { username: `zeta-${name}`, password: 'a password of many words', role: 'editor' }, token: body.accessToken });
      const names = () => page.$$eval('tbody .link', (links) => links.map(({ textContent }) => textContent));
      const shows = (...expected) => holds(page, (expected) => [...document.querySelectorAll('tbody .link')].map(({ textContent }) => textContent).join() === expected, expected.join());
      await visit('/login?return_to=/admin%23users');
      await signIn();
      await page.waitForSelector('tbody tr');
      await page.evaluate(() => [...document.querySelectorAll('th .sort')].find(({ textContent }) => textContent === 'Created').click());
      await holds(page, (first) => document.querySelector('tbody .link').textContent === first, `zeta-${name}`);
      const all = (await names()).length;
      assert.match(await text('.filters > p'), new RegExp(`^${all} users$`));
      await page.type('#by-role', 'editor');
      await page.keyboard.press('Enter');
      await shows(`zeta-${name}`);
      await page.select('#by-state', 'disabled');
      await hears('No user matches.');
      await world.call('PATCH', `/api/admin/users/${made.body.user.userId}`, { body: { disabled: true }, token: body.accessToken });
      await page.reload();
      await shows(`zeta-${name}`);
      assert.equal(path(), '/admin#users?role=editor&order=newest&state=disabled');
      await look('admin-filtered');
      await openFirst();
      await holds(page, () => /Last sign-in\s*never/.test(document.querySelector('dl').innerText));
      await page.$eval('#role', (input) => (input.value = 'Admin'));
      await press('Save');
      await hears('The role Admin has no rights: write admin.');
      // One that nobody has is asked about.
      await page.$eval('#role', (input) => (input.value = 'edtior'));
      await press('Save');
      await hears('No user has the role edtior yet. Create it?');
      await press('Cancel');
      await holds(page, () => !document.querySelector('form [aria-busy]'));
      await page.$eval('#role', (input) => (input.value = 'user'));
      await press('Save');
      await hears('is saved.');
      await world.call('DELETE', `/api/admin/users/${made.body.user.userId}`, { token: body.accessToken });
    });

    test('admin: several users at once, who is refused, and another name', async () => {
      const { body } = await world.call('POST', '/api/login', { body: DEMO });
      const token = body.accessToken;
      const made = [];
      for (const part of ['a', 'b']) {
        const user = { username: `bulk-${part}-${name}`, password: 'a password of many words' };
        made.push((await world.call('POST', '/api/admin/users', { body: user, token })).body.user);
      }
      const count = (selector, expected) => holds(page, (selector, expected) => document.querySelectorAll(selector).length === expected, selector, expected);
      const selectAll = () => page.evaluate(() => document.querySelector('thead .pick').click());
      await visit('/login?return_to=/admin%23users');
      await signIn();
      await page.waitForSelector('tbody tr');
      await page.type('#search', 'bulk-');
      await count('tbody tr', 2);
      await selectAll();
      await hears('2 users selected');
      await look('admin-selected');
      await press('Disable');
      await hears('Disable 2 users?');
      await press('Disable');
      await hears('2 users are disabled.');
      // The bar that had it is gone.
      await holds(page, () => document.activeElement.matches('h1'));
      await count('tbody .bad', 2);
      assert.equal(await page.$eval('.bulk', ({ hidden }) => hidden), true);
      await page.evaluate(() => document.querySelector('tbody .pick').click());
      await hears('1 user selected');
      await press('Enable');
      await hears('1 user is enabled.');
      await count('tbody .bad', 1);
      assert.equal(path(), '/admin#users?search=bulk-', 'a click on a box leads nowhere');

      await openFirst();
      await page.$eval('#username', (input) => (input.value = 'admin'));
      await press('Save');
      await hears('The user name is taken');
      assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.querySelector('#message').textContent]), ['username', '']);
      await page.$eval('#username', (input, username) => (input.value = username), `bulk-c-${name}`);
      await press('Save');
      await hears(`bulk-c-${name} is saved.`);
      await holds(page, (title) => document.querySelector('h1').textContent === title, `bulk-c-${name}`);

      await backToList();
      await page.$eval('#search', (input) => (input.value = ''));
      await page.type('#by-role', 'admin');
      await page.keyboard.press('Enter');
      await count('tbody tr', 1);
      await selectAll();
      await press('Disable');
      await hears('Your own account, admin, is among them: you are signed out too.');
      await press('Disable');
      await hears('Nothing was changed. admin: This is the last administrator who can sign in');
      for (const { userId } of made) await world.call('DELETE', `/api/admin/users/${userId}`, { token });
    });

    test('admin: the user list by keyboard, and the focus after a dialog', async () => {
      await visit('/login?return_to=/admin%23users');
      await signIn();
      await page.waitForSelector('tbody tr');
      await page.keyboard.press('/');
      const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
      assert.equal(await focused(), 'search');
      await page.keyboard.press('ArrowDown');
      const first = await text('tbody .link');
      assert.equal(await focused(), first);
      await page.keyboard.press('Enter');
      await holds(page, (first) => document.activeElement.matches('h1') && document.activeElement.textContent === first, first);
      await page.goBack();
      await holds(page, (first) => document.activeElement.matches('tbody .link') && document.activeElement.textContent === first, first);
      await page.keyboard.press('ArrowUp');
      assert.equal(await focused(), 'search');
    });

    test('admin: a phone shows the role and the state of every user', async () => {
      const admin = await world.call('POST', '/api/login', { body: DEMO });
      const body = { username: `gus-${name}`, password: 'a password of many words' };
      const made = await world.call('POST', '/api/admin/users', { body, token: admin.body.accessToken });
      await world.call('PATCH', `/api/admin/users/${made.body.user.userId}`, { body: { disabled: true }, token: admin.body.accessToken });
      await visit('/login?return_to=/admin%23users');
      await signIn();
      await page.waitForSelector('tbody .bad');
      await page.setViewport({ width: 390, height: 844 });
      const boxes = await page.$$eval('tbody .badge', (badges) => badges.map((badge) => badge.getBoundingClientRect()).map(({ left, right }) => [left, right]));
      assert.ok(boxes.length >= 4 && boxes.every(([left, right]) => left >= 0 && right <= 390), JSON.stringify(boxes));
      await look('admin-users-all');
    });

    test('admin: the link to the events of a user shows theirs and nobody else\'s', async () => {
      const admin = await world.call('POST', '/api/login', { body: DEMO });
      const user = { username: `ida-${name}`, password: 'a password of many words' };
      const made = await world.call('POST', '/api/admin/users', { body: user, token: admin.body.accessToken });
      await visit(`/login?return_to=/admin%23users?search=${user.username}`);
      await signIn();
      await holds(page, () => document.querySelectorAll('tbody tr').length === 1);
      await openFirst();
      await page.waitForSelector('a[href^="#audit?user="]');
      await page.click('a[href^="#audit?user="]');
      await page.waitForSelector('#account');
      await page.waitForSelector('tbody tr');
      const users = await page.$$eval('tbody [data-label=User]', (cells) => cells.map(({ textContent }) => textContent));
      assert.ok(users.every((text) => text === user.username || made.body.user.userId.startsWith(text.slice(0, 8))) && users.length === 1, users.join());
      assert.match(path(), /^\/admin#audit\?user=/);
      assert.notEqual(await page.$eval('#account', ({ value }) => value), '');
    });

    test('admin: a long name leaves all columns on the screen', async () => {
      const admin = await world.call('POST', '/api/login', { body: DEMO });
      const username = `a-${'very'.repeat(12)}.long.name-of-${name}@subdomain.example-company.com`;
      const made = await world.call('POST', '/api/admin/users', { body: { username, password: 'a password of many words', passwordChangeRequired: true }, token: admin.body.accessToken });
      const fits = async (size) => {
        await page.setViewport(size);
        const cut = await page.$$eval('.table', (tables) => tables.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth));
        assert.deepEqual(cut, [0], JSON.stringify(size));
      };
      const [desktop, phone] = [{ width: 1280, height: 800 }, { width: 390, height: 844 }];
      await visit('/login?return_to=/admin%23audit');
      await signIn();
      await hears(username);
      await fits(desktop);
      await fits(phone);
      await page.goto(`${world.origin}/admin#users`);
      await hears(username);
      await fits(phone);
      // Nothing lies over a name.
      const covered = await page.$$eval('tbody tr', (rows) => rows.filter((row) => {
        const name = row.querySelector('.link').getBoundingClientRect();
        return [...row.querySelectorAll('.badge')].map((badge) => badge.getBoundingClientRect()).some(({ top, left }) => top < name.bottom - 1 && left < name.right);
      }).length);
      assert.equal(covered, 0);
      await fits(desktop);
      await look('admin-long');
      await world.call('DELETE', `/api/admin/users/${made.body.user.userId}`, { token: admin.body.accessToken });
      // Who was deleted is known still.
      await page.goto(`${world.origin}/admin#audit`);
      await hears(`${username} (deleted)`);
    });

    test('admin: a list without a connection says so, and does not pass for the answer', async () => {
      await visit('/login?return_to=/admin%23users');
      await signIn();
      await page.waitForSelector('tbody tr');
      world.weather = (request) => (request === 'GET /api/admin/users' ? { cut: 'request' } : {});
      await page.type('#search', 'no-such-user');
      await hears('The server cannot be reached. Check your connection and try again.');
      assert.equal(await page.$eval('.table', (list) => list.ariaBusy), 'true');
      world.weather = () => ({});
      // Nobody has to ask again.
      await page.evaluate(() => window.dispatchEvent(new Event('online')));
      await hears('No user matches.');
      await holds(page, () => document.querySelector('#message').textContent === '' && !document.querySelector('.table').ariaBusy);
      await hears('Check the spelling, or remove a filter.');
      // What the server refuses to look for is no empty table either.
      await page.goto(`${world.origin}/admin#users?role=/bo`);
      await page.reload();
      await hears('No user matches.');
      await press('Show all users');
      await page.waitForSelector('tbody tr');
      // A tab leads back to what was left there.
      await page.type('#search', 'adm');
      await holds(page, () => location.hash === '#users?search=adm');
      await page.evaluate(() => document.querySelector('#views a[href^="#audit"]').click());
      await page.waitForSelector('#follow');
      await page.waitForSelector('tbody tr');
      world.weather = (request) => (request === 'GET /api/admin/audit' ? { cut: 'request' } : {});
      await holds(page, () => document.querySelector('#offline').hidden === false);
      world.weather = () => ({});
      await holds(page, () => document.querySelector('#offline').hidden === true);
      await page.evaluate(() => document.querySelector('#views a[href^="#users"]').click());
      await page.waitForSelector('#search');
      assert.equal(await page.$eval('#search', ({ value }) => value), 'adm');
    });

    test('admin: whoever takes away their own access is told before, and signed out by themselves', async () => {
      const { body } = await world.call('POST', '/api/login', { body: DEMO });
      const user = { username: `uma-${name}`, password: 'a password of many words', role: 'admin' };
      const made = (await world.call('POST', '/api/admin/users', { body: user, token: body.accessToken })).body.user;
      await visit(`/login?return_to=/admin%23users/${made.userId}`);
      await signIn(user);
      await page.waitForSelector('.card .list li');
      await press('Sign out everywhere');
      await hears('This is your own account: this session ends too.');
      await press('Sign out everywhere');
      await arrive('/login?reason=logout');
      await page.goto(`${world.origin}/login?return_to=/admin%23users?search=${user.username}`);
      await signIn(user);
      await page.waitForSelector('tbody .pick');
      await page.evaluate(() => document.querySelector('tbody .pick').click());
      await press('Disable');
      await hears(`Your own account, ${user.username}, is among them`);
      await press('Disable');
      await arrive('/login?reason=logout');
      await hears('You are signed out.');
      await world.call('DELETE', `/api/admin/users/${made.userId}`, { token: body.accessToken });
    });

    test('admin: the audit log of a time, and as a file', async () => {
      await visit('/login?return_to=/admin%23audit?event=account_created');
      await signIn();
      await page.waitForSelector('tbody tr');
      const count = await page.$$eval('tbody tr:not(.ids)', ({ length }) => length);
      await page.select('#period', 'hour');
      await holds(page, () => location.hash === '#audit?event=account_created&period=hour' && !document.querySelector('.table').ariaBusy);
      assert.equal(await page.$$eval('tbody tr:not(.ids)', ({ length }) => length), count);
      await page.evaluate(() => {
        URL.createObjectURL = (file) => {
          void file.text().then((text) => (window.saved = text));
          return 'blob:';
        };
        HTMLAnchorElement.prototype.click = function () {
          window.savedAs = this.download;
        };
      });
      await press('Download');
      await holds(page, () => window.saved !== undefined);
      assert.match(await page.evaluate(() => window.savedAs), /^audit-\d{4}-\d\d-\d\d\.jsonl$/);
      const lines = (await page.evaluate(() => window.saved)).trimEnd().split('\n').map((line) => JSON.parse(line));
      assert.ok(lines.length === count && lines.every(({ event }) => event === 'account_created'), JSON.stringify(lines));
      // The IDs of an event.
      await page.evaluate(() => document.querySelector('tbody [aria-expanded]').click());
      await hears(lines[0].accountId);
      await page.select('#period', 'between');
      await page.$eval('#until', (field) => {
        field.value = '2020-01-01T00:00';
        field.dispatchEvent(new Event('change'));
      });
      await hears('No events');
      assert.equal(path(), `/admin#audit?${new URLSearchParams({ event: 'account_created', until: '2020-01-01T00:00' })}`);
      await page.reload();
      await hears('No events');
      await look('admin-audit-between');
      await page.$eval('#since', (field) => {
        field.value = '2021-01-01T00:00';
        field.dispatchEvent(new Event('change'));
      });
      await hears('“From” is later than “To”');
      await press('Show all events');
      await page.waitForSelector('tbody tr');
    });

    test('admin: an imported user without a password does not pass for one that may sign in', async () => {
      const username = `pia-${name}`;
      world.command(['user', 'import', '-', '--from', 'generic', '--allow-no-password'], `username\n${username}\n`);
      await visit('/login?return_to=/admin%23users?state=enabled');
      await signIn();
      await page.waitForSelector('tbody tr');
      await page.type('#search', username);
      await hears('No user matches.');
      await page.select('#by-state', 'no-password');
      await holds(page, (username) => document.querySelector('tbody .link')?.textContent === username && document.querySelector('tbody .warn')?.textContent === 'no password', username);
      // A password that is not there cannot be replaced by its owner.
      await page.evaluate(() => document.querySelector('tbody .pick').click());
      await press('Require a new password');
      await press('Require a new password');
      await hears(`Nothing was changed. ${username}: There is no password yet.`);
      await openFirst();
      await page.waitForSelector('.card .list li');
      await look('admin-no-password');
      await press('Set password');
      await page.$eval('dialog [name=password]', (input) => (input.value = 'a password of many words'));
      await press('Set password');
      await hears(`${username} has a new password.`);
      await page.waitForSelector('.badge.good');
      assert.equal((await world.call('POST', '/api/login', { body: { username, password: 'a password of many words' } })).status, 200);
    });

    test('admin: the last administrator stays', async () => {
      await visit('/login?return_to=/admin%23users');
      await signIn();
      await page.waitForSelector('tbody tr');
      await page.evaluate(() => [...document.querySelectorAll('tbody .link')].find(({ textContent }) => textContent === 'admin').click());
      await page.waitForSelector('.halves');
      await press('Delete');
      await press('Delete');
      await hears('This is the last administrator who can sign in');
    });

    test('admin: keys and the audit log, which is followed', async () => {
      await visit('/login?return_to=/admin%23keys');
      await signIn();
      await page.waitForSelector('tbody .good');
      await look('admin-keys');
      await press('New key…');
      // It takes nothing away: it is not red.
      assert.equal(await page.$eval('dialog [value=yes]', ({ className }) => className), 'primary');
      await press('Create key');
      await hears('A new key is published.');
      await holds(page, () => [...document.querySelectorAll('tbody .badge')].map(({ textContent }) => textContent).join() === 'signing now,published, signs in 23 hours');
      await look('admin-keys-two');
      // A key ID is not broken.
      for (const width of [1280, 390]) {
        await page.setViewport({ width, height: 844 });
        const heights = await page.$$eval('tbody code', (ids) => ids.map((id) => id.getClientRects().length));
        assert.deepEqual(heights, [1, 1]);
        const overflow = await page.$eval('.table', ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
        assert.equal(overflow, 0, `${overflow} px of the table are out of sight at ${width}`);
      }
      await page.goto(`${world.origin}/admin#audit`);
      await page.waitForSelector('tbody tr');
      await look('admin-audit');
      const rows = await page.$$eval('tbody tr', (all) => all.length);
      assert.match(await text('tbody tr'), /Key created/);
      await world.call('POST', '/api/login', { body: { username: 'nobody', password: 'wrong' } });
      await holds(page, (rows) => document.querySelectorAll('tbody tr').length > rows, rows);
      assert.match(await text('tbody tr'), /Sign-in failed/);
      // A second rotation has nothing to do, and says so.
      await page.goto(`${world.origin}/admin#keys`);
      await page.waitForSelector('tbody .good');
      await press('New key…');
      await press('Create key');
      await hears('Nothing to do');
      await page.goto(`${world.origin}/admin#audit`);
      await page.waitForSelector('#event');
      await page.select('#event', 'key_created');
      await holds(page, () => [...document.querySelectorAll('tbody th')].length > 0 && [...document.querySelectorAll('tbody th')].every(({ textContent }) => textContent === 'Key created'));
      // On a phone a long detail leaves room for the rest.
      await page.setViewport({ width: 390, height: 844 });
      const widths = await page.$$eval('tbody tr:not(.ids) td:not(.none, .open)', (cells) => cells.map(({ clientWidth }) => clientWidth));
      assert.ok(widths.length > 0 && widths.every((width) => width >= 100), widths.join(' '));
    });

    test('admin: the audit log says who did what to whom, and its times age', async () => {
      const admin = await world.call('POST', '/api/login', { body: DEMO });
      const token = admin.body.accessToken;
      const user = { username: `hal-${name}`, password: 'a password of many words' };
      const made = await world.call('POST', '/api/admin/users', { body: user, token });
      await world.call('PATCH', `/api/admin/users/${made.body.user.userId}`, { body: { disabled: true }, token });
      await visit('/login?return_to=/admin%23audit');
      await signIn();
      await page.waitForSelector('tbody tr');
      // By name; the events of nobody are none.
      const filter = (text) =>
        page.$eval('#account', (field, text) => {
          field.value = text;
          field.dispatchEvent(new Event('change'));
        }, text);
      await filter(user.username.toUpperCase());
      await holds(page, (username) => {
        const cells = [...document.querySelectorAll('tbody tr:not(.ids)')].map((row) => [...row.cells].map(({ textContent }) => textContent));
        const [disabled, created] = cells;
        return cells.length === 2 && disabled[1] === 'Account disabled' && created[1] === 'Account created' && cells.every((row) => row[2] === username && row[3] === 'admin');
      }, user.username);
      await look('admin-audit-user');
      assert.equal(path(), `/admin#audit?user=${user.username.toUpperCase()}`);
      const [first] = await page.$$eval('tbody tr:first-child time', (times) => times.map(({ textContent }) => textContent));
      assert.equal(first, 'now');
      assert.match(await text('tbody tr:first-child .when p'), /\d{4}.*\d:\d\d/);
      // An hour later, on the page's own clock.
      await page.evaluate(() => {
        const now = Date.now;
        Date.now = () => now() + 3_600_000;
        const RealDate = Date;
        window.Date = class extends RealDate {
          constructor(...of) {
            if (of.length === 0) super(RealDate.now());
            else super(...of);
          }
        };
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await holds(page, () => document.querySelector('tbody time').textContent === '1 hour ago');
      await filter('nobody-at-all');
      await hears('There is no user nobody-at-all.');
      await look('admin-audit-empty');
      await press('Show all events');
      await page.waitForSelector('tbody tr');
    });

    test('no page has broken its content security policy or thrown', () => {
      assert.deepEqual(complaints, []);
    });
  });
}
