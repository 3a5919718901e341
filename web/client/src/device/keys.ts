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
function withStore(name: string, made?: CryptoKeyPair): Promise<CryptoKeyPair | undefined> {
  return new Promise((resolve, reject) => {
    // Throws where there is no IndexedDB.
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      // A session that is bound to a key which a power failure then takes would be lost.
      const transaction = database.transaction(STORE, made ? 'readwrite' : 'readonly', { durability: 'strict' });
      const store = transaction.objectStore(STORE);
      const looking: IDBRequest<CryptoKeyPair | undefined> = store.get(name);
      looking.onsuccess = () => {
        // Some browsers keep no keys, or none in private windows; then this throws.
        if (made && !looking.result) store.put(made, name);
      };
      transaction.oncomplete = () => {
        database.close();
        resolve(looking.result ?? made);
      };
      transaction.onabort = () => {
        database.close();
        reject(transaction.error);
      };
    };
  });
}
