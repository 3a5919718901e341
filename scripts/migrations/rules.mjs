// What a step of the tables may do while nodes of the version before are running (DB-5). Only what is known to be harmless
// passes: another form of a statement is a fault until somebody has thought about it.

/** Steps of SQLite from before there were rules. No node of an older version has ever been released. */
const BEFORE_THE_RULES = /^V00(0[1-9]|10)__/;

/** Faults of one step, as texts. `kind` is what the program says it is: `expand`, `index` or `contract`. */
export function faultsOf({ engine, name, kind, sql }) {
  if (engine === 'sqlite' && BEFORE_THE_RULES.test(name)) return [];
  if (kind === 'contract') return [];
  const found = statements(sql);
  if (kind === 'index') return faultsOfIndex(engine, found);
  const made = new Set(found.flatMap((text) => text.match(/^create table (?!if )(\w+)/i)?.[1] ?? []));
  const added = new Set(found.flatMap((text) => text.match(/^alter table (\w+) add column (\w+)/i)?.slice(1, 3).join('.') ?? []));
  return found.filter((text) => !isOfFewRows(added, text)).flatMap((text) => faultOf(engine, made, text) ?? []);
}

/** A new name to lock, which no older node asks for; a value for a column that this step adds to a table of a few rows, which no older
 * node changes. */
function isOfFewRows(added, text) {
  const [, table, column] = text.match(/^update (\w+) set (\w+) = (?!.*,\s*\w+ =)/i) ?? [];
  return /^insert into locks \(name\) values \('\w+'\)$/i.test(text) || (table === 'master_keys' && added.has(`${table}.${column}`));
}

/** What is made outside a transaction is one statement that can be repeated. */
function faultsOfIndex(engine, found) {
  if (engine === 'sqlite') return found.length === 1 && isPlainIndex(found[0]) ? [] : ['expects one CREATE INDEX'];
  const form = /^create (unique )?index concurrently if not exists \w+ on \w+ /i;
  return found.length === 1 && form.test(found[0]) ? [] : ['expects one CREATE INDEX CONCURRENTLY IF NOT EXISTS'];
}

function faultOf(engine, made, text) {
  const [, table] = text.match(/^(?:create table|alter table|insert into) (\w+)/i) ?? text.match(/ on (\w+)/i) ?? [];
  const shown = text.length > 70 ? `${text.slice(0, 67)}...` : text;
  // A table that no program knows yet can be filled and indexed at once.
  if (made.has(table) && /^(create|insert|alter)/i.test(text)) return undefined;
  if (/^alter table \w+ add column /i.test(text)) return faultOfColumn(text, shown);
  if (engine === 'sqlite' && isPlainIndex(text)) return undefined;
  if (/^create (unique )?index/i.test(text)) return `locks a table in use, so it is a step of its own (Step::index): ${shown}`;
  return `is not known to be harmless to an older node: ${shown}`;
}

/** Older nodes insert rows without the column, and the rows that there are must not be written. */
function faultOfColumn(text, shown) {
  const [, type] = text.match(/add column \w+ (.*)$/i) ?? [];
  if (type === undefined || /,\s*(add|alter|drop|rename) /i.test(type)) return `is more than one change: ${shown}`;
  const constant = /\bdefault ('[^']*'|-?\d+|true|false|null)(?![\w(:])/i;
  if (/\bdefault\b/i.test(type) && !constant.test(type)) return `has a default that is no constant: ${shown}`;
  if (/\bnot null\b/i.test(type) && !constant.test(type)) return `adds a column that older nodes leave out: ${shown}`;
  if (/\b(unique|primary key|references|generated)\b/i.test(type)) return `looks at every row: ${shown}`;
  return undefined;
}

const isPlainIndex = (text) => /^create index \w+ on \w+ /i.test(text);

/** The statements of a file, each on one line, without comments. Semicolons in texts do not divide. */
export function statements(sql) {
  const plain = sql.replace(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (part) => (part.startsWith("'") ? part.replaceAll(';', '\u0000') : ' '));
  const parts = plain.split(';').map((part) => part.replace(/\s+/g, ' ').trim().replaceAll('\u0000', ';'));
  return parts.filter((part) => part !== '');
}

/** The steps in a program's table of them: `Step::KIND(VERSION, OLDEST READER, …, include_str!("…/NAME.sql")),`. */
export function stepsIn(rust) {
  const step = /^\s*Step::(\w+)\((\d+), (\d+), .*include_str!\("[^"]*\/(\w+\.sql)"\)\),$/gm;
  return [...rust.matchAll(step)].map(([, kind, version, oldestReader, name]) => {
    return { kind, name, version: Number(version), oldestReader: Number(oldestReader) };
  });
}

/** Faults of a table of steps, and of the files that it names or forgets. */
export function faultsOfTable(steps, files) {
  const faults = [];
  let [last, reader] = [0, 0];
  for (const { kind, name, version, oldestReader } of steps) {
    if (!files.includes(name)) faults.push({ name, text: 'there is no such file' });
    if (Number(name.slice(1, 5)) !== version) faults.push({ name, text: `is step ${version}` });
    if (version <= last) faults.push({ name, text: `comes after step ${last}` });
    if (oldestReader > version) faults.push({ name, text: 'has an oldest reader that is newer than itself' });
    // Else older nodes would be shut out by a step that any node makes.
    const mayRaise = kind === 'contract' || BEFORE_THE_RULES.test(name);
    if (!mayRaise && oldestReader > reader) faults.push({ name, text: `raises the oldest reader from ${reader} without being a contract` });
    [last, reader] = [version, Math.max(reader, oldestReader)];
  }
  const named = new Set(steps.map(({ name }) => name));
  return [...faults, ...files.filter((name) => !named.has(name)).map((name) => ({ name, text: 'is in no table of steps' }))];
}
