// Runs `debugger-wasm`. Its bytes are part of this script (`wasm.mjs`), because the page may make no request.

import compressed from './debugger.wasm';

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Reserves `length` bytes for the input; returns their address. */
  prepare(length: number): number;
  /** Replaces the input by the answer; returns the answer's length in bytes. */
  run(): number;
  /** The address of the answer. */
  answer(): number;
}

const unpacked = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate'));
const { instance } = await WebAssembly.instantiate(await new Response(unpacked).arrayBuffer());
const { memory, prepare, run, answer } = instance.exports as unknown as Exports;

/** JSON text in, JSON text out. */
export function ask(question: string): string {
  const input = new TextEncoder().encode(question);
  const address = prepare(input.length);
  // A new view each time: the memory moves when it grows.
  new Uint8Array(memory.buffer).set(input, address);
  const length = run();
  return new TextDecoder().decode(new Uint8Array(memory.buffer, answer(), length));
}
