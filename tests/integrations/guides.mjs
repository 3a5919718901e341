// The guides show the very files that the tests run: `node guides.mjs` fails where they differ, `--write` puts the files in.
// What a consumer does not check comes from its `differs`, and the index from all of them.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';
import { consumersFolder } from './place.mjs';

const guides = fileURLToPath(new URL('../../docs/guides/verify', import.meta.url));
const LANGUAGES = { '.mjs': 'js', '.js': 'js', '.py': 'python', '.rb': 'ruby', '.ru': 'ruby', '.go': 'go', '.php': 'php', '.exs': 'elixir', '.psgi': 'perl', '.sql': 'sql', '.yml': 'yaml', '.yaml': 'yaml', '.conf': 'nginx', '.cfg': 'haproxy' };

const consumers = {};
for (const name of readdirSync(consumersFolder).sort()) {
  consumers[name] = (await import(pathToFileURL(join(consumersFolder, name, 'consumer.mjs')))).default;
}
const versions = JSON.parse(readFileSync(new URL('versions.json', import.meta.url), 'utf8'));

/** What stands between `<!-- kind: argument -->` and `<!-- end -->`. */
const GENERATED = {
  file(path) {
    const text = readFileSync(join(consumersFolder, path), 'utf8').replaceAll('\r', '').trimEnd();
    const language = path.startsWith('apache/') ? 'apache' : (LANGUAGES[extname(path)] ?? '');
    return `\`\`\`${language}\n${text}\n\`\`\``;
  },
  differs(name) {
    const differs = Object.entries(consumers[name].differs ?? {});
    if (differs.length === 0) return 'It refuses every bad token of the test table, revoked ones too.';
    const rows = differs.map(([what, { status, why }]) => `| ${what} | ${status} | ${why} |`);
    return ['| Token | Response | Reason |', '|---|---|---|', ...rows].join('\n');
  },
  consumers() {
    const rows = Object.entries(consumers)
      .sort(([, a], [, b]) => a.title.localeCompare(b.title, 'en'))
      .map(([name, { title, page = name, algorithms, differs }]) => {
        const revoked = differs?.revoked ? 'at its expiry' : 'at once';
        return `| [${title}](${page}.md) | ${algorithms} | ${revoked} | ${versions[name] ?? ''} |`;
      });
    return ['| Consumer | Algorithms | An ended session is refused | Tested here with |', '|---|---|---|---|', ...rows].join('\n');
  },
};

const PART = /(<!-- (file|differs|consumers):? ?([^ ]*) -->\n)[^]*?(<!-- end -->)/g;
const write = process.argv.includes('--write');
const pages = readdirSync(guides).filter((name) => name.endsWith('.md'));
const faults = [];
for (const name of pages) {
  const path = join(guides, name);
  const text = readFileSync(path, 'utf8');
  const fresh = text.replace(PART, (_, begin, kind, argument, end) => `${begin}${GENERATED[kind](argument)}\n${end}`);
  if (fresh === text) continue;
  if (write) writeFileSync(path, fresh);
  else faults.push(`docs/guides/verify/${name} does not show what the tests run: node tests/integrations/guides.mjs --write`);
}
const all = pages.map((name) => readFileSync(join(guides, name), 'utf8')).join('');
for (const [name, { page = name }] of Object.entries(consumers)) {
  if (!pages.includes(`${page}.md`)) faults.push(`${name} has no page ${page}.md`);
  if (!all.includes(`<!-- differs: ${name} -->`)) faults.push(`no page says what ${name} does not check`);
  if (!versions[name]) faults.push(`versions.json does not know ${name}: node tests/integrations/run.mjs --all --write`);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length ? 1 : 0;
