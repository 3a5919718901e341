// The record of a run, one JSON object a line: what was asked when, and what was answered; what was done to the cluster; and what
// the database and the nodes had at the end. The checker reads nothing else.
import { createWriteStream, readFileSync } from 'node:fs';

export class History {
  #file;

  constructor(path) {
    this.#file = createWriteStream(path);
  }

  /** Notes something of this type. */
  note(type, what) {
    this.#file.write(`${JSON.stringify({ type, ...what })}\n`);
  }

  close() {
    return new Promise((resolve) => this.#file.end(resolve));
  }
}

/** The records by type, in the order of their begin. */
export function read(path) {
  const records = { operation: [], fault: [], sets: [], end: [], run: [] };
  for (const line of readFileSync(path, 'utf8').split('\n').filter(Boolean)) {
    const { type, ...record } = JSON.parse(line);
    records[type].push(record);
  }
  records.operation.sort((a, b) => a.at - b.at);
  return records;
}
