// How a page looks: axe-core finds nothing, nothing is wider than the screen, and `shots/` gets a picture in
// light and dark, on desktop and phone.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = fileURLToPath(new URL('shots/', import.meta.url));
const SCREENS = { desktop: { width: 1200, height: 850 }, phone: { width: 390, height: 844 } };

export async function lookAt(page, browserName, what) {
  mkdirSync(SHOTS, { recursive: true });
  // Firefox takes no colour scheme over this protocol: only its default one is checked.
  const schemes = browserName === 'chromium' ? ['light', 'dark'] : [undefined];
  for (const scheme of schemes) {
    if (scheme) await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    for (const [screen, size] of Object.entries(SCREENS)) {
      await page.setViewport(size);
      const look = [what, screen, scheme].filter(Boolean).join('-');
      await page.screenshot({ path: `${SHOTS}${browserName}-${look}.png`, fullPage: true });
      assert.deepEqual(await violations(page), [], look);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${look} is ${overflow} px too wide`);
    }
  }
  await page.setViewport(SCREENS.desktop);
}

function violations(page) {
  return page.evaluate(async (axe) => {
    if (!window.axe) new Function(axe)();
    const { violations } = await window.axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  }, AXE);
}
