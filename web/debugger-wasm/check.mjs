// Runs the built module on the examples of the RFCs: every signature must verify, and no altered one.
// node web/debugger-wasm/check.mjs target/wasm32-unknown-unknown/wasm/countersign_debugger_wasm.wasm
import { readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";

const bytes = readFileSync(process.argv[2]);
const module = await WebAssembly.compile(bytes);
const imports = WebAssembly.Module.imports(module).length;
const { exports: wasm } = await WebAssembly.instantiate(module, {});

function ask(question) {
  const input = new TextEncoder().encode(JSON.stringify(question));
  // `prepare` may grow the memory, which detaches older views: ask for the buffer afterwards.
  const address = wasm.prepare(input.length);
  new Uint8Array(wasm.memory.buffer, address, input.length).set(input);
  const length = wasm.run();
  return JSON.parse(new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, wasm.answer(), length)));
}

const examples = new URL("../../crates/countersign-jwt/tests/data/rfc_examples.json", import.meta.url);
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "priv"];
let failures = 0;
for (const { name, alg, jwk, token } of JSON.parse(readFileSync(examples, "utf8"))) {
  const key = Object.fromEntries(Object.entries({ ...jwk, alg }).filter(([member]) => !privateMembers.includes(member)));
  const verified = (token) => ask({ token, now: 0, key: { kind: "any", material: JSON.stringify(key) } }).verified;
  const altered = token.slice(0, -10) + (token.at(-10) === "A" ? "B" : "A") + token.slice(-9);
  const passed = verified(token) === true && verified(altered) === false;
  failures += passed ? 0 : 1;
  console.log(passed ? "ok  " : "FAIL", name);
}
const compressed = brotliCompressSync(bytes).length;
console.log(`${bytes.length} bytes, ${compressed} compressed with brotli, ${imports} imports`);
process.exitCode = failures === 0 && imports === 0 && compressed <= 150 * 1024 ? 0 : 1;
