// The key of this browser: made here, kept in IndexedDB, and never readable by any script, not even ours. All tabs of an origin have one.

/** Where the key of this browser is. Rejects where nothing can be kept: private windows, blocked or full storage. */
export interface KeyStore {
  /** The key, if there is one. */
  get(): Promise<CryptoKeyPair | undefined>;
  /** Keeps this one unless there is one already, and gives the one that is kept: of several tabs, one wins. */
  keep(made: CryptoKeyPair): Promise<CryptoKeyPair>;
}

const DATABASE = 'countersign';
const STORE = 'keys';

/** `name`: the server that the key is for. */
export function browserKeys(name: string): KeyStore {
  return {
    get: () => withStore(name),
    keep: async (made) => (await withStore(name, made)) ?? made,
  };
}

export function makeKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
}

/** Looking and keeping are one transaction: no tab comes between. */
async function withStore(name: string, made?: CryptoKeyPair): Promise<CryptoKeyPair | undefined> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await outcome(opening);
  try {
    // A session that is bound to a key which a power failure then takes would be lost.
    const transaction = database.transaction(STORE, made ? 'readwrite' : 'readonly', { durability: 'strict' });
    const store = transaction.objectStore(STORE);
    // The transaction goes on while each request follows from the one before.
    const found = await outcome<CryptoKeyPair | undefined>(store.get(name));
    if (found || !made) return found;
    // Some browsers keep no keys, or none in private windows; then this throws.
    store.put(made, name);
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    return made;
  } finally {
    database.close();
  }
}

function outcome<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
