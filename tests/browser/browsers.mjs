// The real browsers of the distribution, both driven over WebDriver BiDi or the DevTools protocol.
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import { inTime, until } from './server.mjs';

const LAUNCH = {
  chromium: { browser: 'chrome', executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] },
  firefox: { browser: 'firefox', executablePath: '/usr/bin/firefox-esr' },
};
const wanted = (process.env.BROWSERS ?? 'chromium,firefox').split(',');

/** The browsers that `BROWSERS` names; one that is not installed is an error, not a test that passes. */
export const BROWSERS = wanted.map((name) => {
  if (!existsSync(LAUNCH[name].executablePath)) throw new Error(`${name} is not installed at ${LAUNCH[name].executablePath}`);
  return { name, launch: (more) => launch(name, more) };
});

/** `args`: more arguments for the browser; `options`: further ones of Puppeteer. */
export function launch(name, { args = [], ...options } = {}) {
  const own = LAUNCH[name];
  return puppeteer.launch({ headless: true, ...own, ...options, args: [...(own.args ?? []), ...args] });
}

/**
 * Waits until `condition` holds in `page`; `args` are JSON. One that throws does not hold yet: the element that it asks about may not be there, or the
 * page may be loading. Puppeteer's own `waitForFunction` polls when the page is drawn, which a tab behind another one never is, and waits for a
 * condition that has thrown as if it were still running.
 */
export function holds(page, condition, ...args) {
  // Whether, not what: an element with all that is in it does not come back from Firefox.
  const call = `(async () => !!(await (${condition})(...${JSON.stringify(args)})))()`;
  return until(`${condition} ${JSON.stringify(args)} at ${page.url()}`, () => inTime(ANSWER_LIMIT_MS, () => page.evaluate(call)), HOLDS_LIMIT_MS);
}

const HOLDS_LIMIT_MS = 30_000;

/** A page that gives way to the next one may never answer. Then it is asked again. */
const ANSWER_LIMIT_MS = 3_000;

/**
 * A browser profile without cookies, in place of `old`, whose pages are emptied. They are not closed: now
 * and then Chromium hangs when it disposes of a profile in which a page is loading.
 */
export async function freshProfile(browser, old) {
  for (const page of (await old?.pages()) ?? []) await page.goto('about:blank');
  return browser.createBrowserContext();
}
