// The real browsers of the distribution, both driven over WebDriver BiDi or the DevTools protocol.
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const LAUNCH = {
  chromium: { browser: 'chrome', executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] },
  firefox: { browser: 'firefox', executablePath: '/usr/bin/firefox-esr' },
};
const wanted = (process.env.BROWSERS ?? 'chromium,firefox').split(',');

/** The browsers that `BROWSERS` names; one that is not installed is an error, not a test that passes. */
export const BROWSERS = wanted.map((name) => {
  if (!existsSync(LAUNCH[name].executablePath)) throw new Error(`${name} is not installed at ${LAUNCH[name].executablePath}`);
  return { name, launch: () => puppeteer.launch({ headless: true, ...LAUNCH[name] }) };
});

/**
 * Waits until `condition` holds in `page`. Polls by the clock: puppeteer's own way polls when the page is
 * drawn, and a tab behind another one never is.
 */
export const holds = (page, condition, ...args) => page.waitForFunction(condition, { polling: 50 }, ...args);

/**
 * A browser profile without cookies, in place of `old`, whose pages are emptied. They are not closed: now
 * and then Chromium hangs when it disposes of a profile in which a page is loading.
 */
export async function freshProfile(browser, old) {
  for (const page of (await old?.pages()) ?? []) await page.goto('about:blank');
  return browser.createBrowserContext();
}
