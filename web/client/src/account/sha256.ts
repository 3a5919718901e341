// SHA-256 (FIPS 180-4), for very many short texts that begin alike. `crypto.subtle` has a promise for each, which takes twenty times as long.

/** Hashes `prefix` and what is given then, both of ASCII: the eight words of the hash, in one array that the next call changes. */
export function sha256Of(prefix: string): (rest: string) => Int32Array {
  const whole = prefix.length - (prefix.length % BLOCK);
  const start = Int32Array.from(INITIAL);
  const bytes = new Uint8Array(2 * BLOCK + BLOCK);
  for (let at = 0; at < whole; at += BLOCK) {
    for (let i = 0; i < BLOCK; i++) bytes[i] = prefix.charCodeAt(at + i);
    compress(start, bytes, 0);
  }
  const left = prefix.length - whole;
  for (let i = 0; i < left; i++) bytes[i] = prefix.charCodeAt(whole + i);
  const hash = new Int32Array(8);
  return (rest) => {
    let end = left;
    for (let i = 0; i < rest.length; i++) bytes[end++] = rest.charCodeAt(i);
    // One bit, zeros, and the length in bits, in as many blocks as that takes. A number has 16 digits at most.
    const blocks = end + 9 > BLOCK ? 2 : 1;
    bytes.fill(0, end, blocks * BLOCK);
    bytes[end] = 0x80;
    const bits = (whole + end) * 8;
    for (let i = 1; i <= 4; i++) bytes[blocks * BLOCK - i] = bits >>> (8 * (i - 1));
    hash.set(start);
    for (let block = 0; block < blocks; block++) compress(hash, bytes, block * BLOCK);
    return hash;
  };
}

/** FIPS 180-4, 6.2.2. */
function compress(hash: Int32Array, bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < 16; i++) {
    const at = offset + 4 * i;
    W[i] = (byte(bytes, at) << 24) | (byte(bytes, at + 1) << 16) | (byte(bytes, at + 2) << 8) | byte(bytes, at + 3);
  }
  for (let i = 16; i < 64; i++) {
    const [w15, w2] = [word(W, i - 15), word(W, i - 2)];
    const s0 = rotated(w15, 7) ^ rotated(w15, 18) ^ (w15 >>> 3);
    const s1 = rotated(w2, 17) ^ rotated(w2, 19) ^ (w2 >>> 10);
    W[i] = (word(W, i - 16) + s0 + word(W, i - 7) + s1) | 0;
  }
  let a = word(hash, 0);
  let b = word(hash, 1);
  let c = word(hash, 2);
  let d = word(hash, 3);
  let e = word(hash, 4);
  let f = word(hash, 5);
  let g = word(hash, 6);
  let h = word(hash, 7);
  for (let i = 0; i < 64; i++) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + word(K, i) + word(W, i)) | 0;
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  hash[0] = word(hash, 0) + a;
  hash[1] = word(hash, 1) + b;
  hash[2] = word(hash, 2) + c;
  hash[3] = word(hash, 3) + d;
  hash[4] = word(hash, 4) + e;
  hash[5] = word(hash, 5) + f;
  hash[6] = word(hash, 6) + g;
  hash[7] = word(hash, 7) + h;
}

const rotated = (word: number, by: number): number => (word >>> by) | (word << (32 - by));
const word = (words: Int32Array, at: number): number => words[at] as number;
const byte = (bytes: Uint8Array, at: number): number => bytes[at] as number;

const BLOCK = 64;
const W = new Int32Array(64);

/** The first 32 bits of the fractional parts of a root of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
function fractions(count: number, root: (prime: number) => number): number[] {
  const primes: number[] = [];
  for (let next = 2; primes.length < count; next++) {
    if (primes.every((prime) => next % prime !== 0)) primes.push(next);
  }
  return primes.map((prime) => ((root(prime) % 1) * 2 ** 32) | 0);
}

const INITIAL = fractions(8, Math.sqrt);
const K = Int32Array.from(fractions(64, Math.cbrt));
