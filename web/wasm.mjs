// The WebAssembly module of the debugger as esbuild's scripts hold it: compressed, which halves the script. The page
// may make no request (HD-7), so the bytes are in the script, in base64. Not Node's zlib: what is built is committed
// and compared, and the output of that one differs between versions of Node.
import { readFileSync } from 'node:fs';
import { zlibSync } from 'fflate';

export const compressedWasm = {
  name: 'compressed-wasm',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.wasm$/ }, ({ path }) => ({
      contents: zlibSync(readFileSync(path), { level: 9 }),
      loader: 'binary',
    })),
};
