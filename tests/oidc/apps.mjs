// Applications that are made with the libraries of their languages, each a program of its own, in a real browser: people sign in, stay
// signed in and, where the library knows how, log out.
//
//   node apps.mjs ISSUER PYTHON    APPS: {"name": {"port", "id", "secret"}}, each a client of the server

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const [issuer, python, place] = process.argv.slice(2);
const clients = JSON.parse(process.env.APPS);
const [username, password] = ['ada', 'a long enough passphrase'];
const { end_session_endpoint: endSession } = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();

const HERE = new URL('apps/', import.meta.url).pathname;
/** How each is started, and what its library can do. */
const APPS = {
  'express-openid-connect': { run: ['node', 'express-openid-connect.mjs'], refreshes: true, logsOut: true },
  'passport-openidconnect': { run: ['node', 'passport-openidconnect.mjs'] },
  'auth-js': { run: ['node', 'auth-js.mjs'], begin: 'form[action*="signin/countersign"] button' },
  grant: { run: ['node', 'grant.mjs'] },
  'oidc-client-ts': { run: ['node', 'oidc-client-ts.mjs'], refreshes: true, logsOut: true },
  'keycloak-js': { run: ['node', 'keycloak-js.mjs'] },
  authlib: { run: [python, 'authlib_flask.py'], refreshes: true, logsOut: true },
  'mozilla-django-oidc': { run: [python, 'mozilla_django.py'] },
  'django-allauth': { run: [python, 'django_allauth.py'] },
  pyoidc: { run: [python, 'pyoidc.py'], refreshes: true },
  apache: { run: ['/usr/sbin/apache2', '-DFOREGROUND', '-f', `${place}/apache.conf`] },
};

async function until(what, condition) {
  const end = Date.now() + 30_000;
  for (;;) {
    // A page that gives way to the next one does not answer.
    if (await Promise.resolve().then(condition).catch(() => false)) return;
    if (Date.now() > end) throw new Error(`not in time: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function start([program, ...args], environment) {
  const child = spawn(program, args, { cwd: HERE, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  return { child, said: () => Buffer.concat(said).toString() };
}

function apacheConfig(client) {
  const values = { place, port: client.port, issuer, client_id: client.id, client_secret: client.secret, behind: client.behind };
  const text = readFileSync(`${HERE}apache.conf`, 'utf8').replaceAll(/\{(\w+)\}/g, (_all, name) => String(values[name]));
  writeFileSync(`${place}/apache.conf`, text);
}

const browser = await puppeteer.launch({ headless: true, browser: 'chrome', executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const children = [];
try {
  const wanted = (process.env.ONLY ?? Object.keys(APPS).join()).split(',');
  for (const name of wanted) {
    await tryOne(name, APPS[name], clients[name]).catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
  }
} finally {
  for (const { child } of children) child.kill();
  await browser.close();
}

async function tryOne(name, app, client) {
  const base = `http://127.0.0.1:${client.port}`;
  const environment = { ISSUER: issuer, PORT: String(client.port), CLIENT_ID: client.id, CLIENT_SECRET: client.secret ?? '', LOGOUT: endSession ? 'yes' : 'no', PYTHONPATH: HERE, PLACE: place };
  if (client.behind !== undefined) {
    apacheConfig(client);
    children.push(start(['node', 'behind-apache.mjs'], { PORT: String(client.behind) }));
  }
  const started = start(app.run, environment);
  children.push(started);
  const isUp = () => fetch(base, { redirect: 'manual' }).then(() => true);
  await until(() => `${name} listens: ${started.said()}`, isUp);
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const seen = async () => `${page.url()}: ${await page.evaluate(() => document.body.innerText).catch(() => '')}`;
  let last = '';
  /** Goes on from page to page until the application says this. */
  const follow = (expected) =>
    until(
      () => `${name}: ${expected}; last seen ${last}\n${started.said()}`,
      async () => {
        last = await seen();
        const at = new URL(page.url());
        if (at.origin === base) {
          if ((await page.$eval('#who', (who) => who.textContent).catch(() => '')).startsWith(expected)) return true;
          if (app.begin) await page.click(app.begin).catch(() => undefined);
          return false;
        }
        if (at.pathname === '/login') await signIn(page);
        else if (at.pathname.endsWith('/continue')) await page.click('button[value=allow]');
        return false;
      },
    );
  try {
    await page.goto(`${base}/login`);
    await follow(`signed in as ${username}`);
    const who = await page.$eval('#who', (it) => it.textContent);
    const done = ['signs in'];
    if (app.refreshes) {
      await page.goto(`${base}/refresh`);
      await follow(who);
      done.push('refreshes');
    }
    if (app.logsOut && endSession) {
      await page.goto(`${base}/logout`);
      await follow('nobody');
      await page.goto(`${issuer}/`);
      const status = await page.evaluate(() => fetch('/api/refresh', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' }).then(({ status }) => status));
      assert.equal(status, 401, `${name}: nobody is signed in here after its log-out`);
      done.push('logs out');
    }
    console.log(`${name}: ${done.join(', ')}`);
  } finally {
    await context.close();
    started.child.kill();
  }
}

async function signIn(page) {
  await page.waitForSelector('input[name=username]', { visible: true });
  await page.$eval('input[name=username]', (input, value) => (input.value = value), username);
  await page.$eval('input[name=password]', (input, value) => (input.value = value), password);
  const left = page.waitForNavigation({ timeout: 10_000 }).catch(() => undefined);
  await page.click('button[type=submit], form button.primary');
  await left;
}
