// Bytes → server-sent events (WHATWG HTML §9.2.6), as they arrive. `retry` is not read: the follower has its own pauses.

export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
  /** The `id` of this very event. */
  readonly id: string | undefined;
}

/** Twice the longest event that a server may send, in characters. */
const MAX_EVENT_LENGTH = 128 * 1024;

export class EventParser {
  readonly #decoder = new TextDecoder(); // takes away a byte order mark at the start
  #text = '';
  #lastWasCr = false;
  #event: { name?: string; data?: string; id?: string } = {};

  /** The events that these bytes complete. Throws an `Error` once an event is too long. */
  *push(bytes: Uint8Array): Generator<ServerSentEvent> {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    if (this.#lastWasCr && this.#text !== '') {
      if (this.#text.startsWith('\n')) this.#text = this.#text.slice(1); // the second half of CR LF
      this.#lastWasCr = false;
    }
    let from = 0;
    for (const { 0: end, index } of this.#text.matchAll(/\r\n|\r|\n/g)) {
      const event = this.#line(this.#text.slice(from, index));
      from = index + end.length;
      this.#lastWasCr = end === '\r' && from === this.#text.length;
      if (event) yield event;
    }
    this.#text = this.#text.slice(from);
    if (this.#text.length + (this.#event.data?.length ?? 0) > MAX_EVENT_LENGTH) throw new Error('an event is too long');
  }

  /** The event that ends with this line, which is then empty. */
  #line(line: string): ServerSentEvent | undefined {
    if (line === '') {
      const { name = 'message', data, id } = this.#event;
      this.#event = {};
      return data === undefined ? undefined : { name, data, id };
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') this.#event.name = value;
    if (field === 'id') this.#event.id = value;
    if (field === 'data') this.#event.data = this.#event.data === undefined ? value : `${this.#event.data}\n${value}`;
    return undefined;
  }
}
