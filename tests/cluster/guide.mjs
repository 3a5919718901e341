// docs/guides/many-nodes.md shows the very files of `config` that the test runs: `node guide.mjs` fails where they differ, and
// `--write` puts them in.
import { readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';

const guide = new URL('../../docs/guides/many-nodes.md', import.meta.url);
const LANGUAGES = { '.yml': 'yaml', '.cfg': 'haproxy', '.ini': 'ini', '.toml': 'toml', '.sql': 'sql' };
const PART = /(<!-- file: (\S+) -->\n)[^]*?(<!-- end -->)/g;

const shown = (name) => {
  const text = readFileSync(new URL(`config/${name}`, import.meta.url), 'utf8').trimEnd();
  return `\`\`\`${LANGUAGES[extname(name)] ?? ''}\n${text}\n\`\`\`\n`;
};

const text = readFileSync(guide, 'utf8');
const fresh = text.replace(PART, (_, begin, name, end) => begin + shown(name) + end);
if (fresh !== text && process.argv.includes('--write')) {
  writeFileSync(guide, fresh);
} else if (fresh !== text) {
  console.error('docs/guides/many-nodes.md does not show what the test runs: node tests/cluster/guide.mjs --write');
  process.exitCode = 1;
}
