// The audit log as a file: JSON Lines (one object a line), newest first.

import { element } from './dom.ts';
import type { AuditEvent } from './wire.ts';

interface Page {
  readonly events: readonly AuditEvent[];
  readonly next?: number | string;
}

/** `page` gives the events before a place, at first the newest; nothing is saved once `isOver`. */
export async function downloadLines(page: (before?: string) => Promise<Page>, isOver: () => boolean): Promise<void> {
  const parts: string[] = [];
  let next: number | string | undefined;
  do {
    const found = await page(next === undefined ? undefined : String(next));
    parts.push(...found.events.map((event) => `${JSON.stringify(event)}\n`));
    next = found.next;
    if (isOver()) return;
  } while (next !== undefined);
  const href = URL.createObjectURL(new Blob(parts, { type: 'application/x-ndjson' }));
  element('a', { href, download: `audit-${new Date().toISOString().slice(0, 10)}.jsonl` }).click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
