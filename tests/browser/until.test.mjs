// Waiting in the tests themselves: what throws does not hold yet, and nothing is waited for longer than the limit.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, holds } from './browsers.mjs';
import { until } from './server.mjs';

test('a condition that throws at first holds when it no longer does', async () => {
  let looks = 0;
  const condition = () => {
    looks++;
    if (looks < 3) throw new Error('not there');
    return looks;
  };
  assert.equal(await until('three looks', condition), 3);
});

test('a condition that always throws fails with its last error', async () => {
  const error = new TypeError('nothing is there');
  await assert.rejects(until('a miracle', () => Promise.reject(error), 60), { message: /a miracle; in the end: nothing is there$/, cause: error });
});

test('a condition that never holds, or never ends, fails after the limit', async () => {
  await assert.rejects(until('false is true', () => false, 60), { message: /false is true$/ });
  await assert.rejects(until('the end', () => new Promise(() => {}), 60), { message: /the end; in the end: no answer$/ });
});

for (const { name, launch } of BROWSERS) {
  describe(`waiting for a page in ${name}`, () => {
    let browser;
    before(async () => (browser = await launch()));
    after(() => browser?.close());

    test('an element that comes later is waited for, whatever its condition throws until then', async () => {
      const page = await browser.newPage();
      await page.evaluate(() => {
        setTimeout(() => {
          document.body.append(Object.assign(document.createElement('p'), { id: 'late', innerText: 'here' }));
        }, 300);
      });
      await holds(page, (text) => document.querySelector('#late').innerText === text, 'here');
    });
  });
}
