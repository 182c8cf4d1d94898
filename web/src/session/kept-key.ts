/*
 * The key of somebody who stays signed in: in IndexedDB, encrypted with AES-GCM by a key that the
 * browser made, keeps, uses for this page's origin alone and shows to no script, this one included.
 */

const DATABASE = "colloquy";
const STORE = "session";
const RECORD = "key";
const IV_BYTES = 12;

type Kept = { readonly lock: CryptoKey; readonly iv: BufferSource; readonly sealed: ArrayBuffer };

/** Browsers encrypt only for pages that came over https or from the same machine. */
export const canKeep = (): boolean =>
  isSecureContext && typeof indexedDB !== "undefined" && crypto.subtle !== undefined;

export async function keep(key: string): Promise<void> {
  const lock = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv },
    lock,
    new TextEncoder().encode(key),
  );
  const kept: Kept = { lock, iv, sealed };
  await inStore("readwrite", (store) => store.put(kept, RECORD));
}

/** Null: none is kept, or it cannot be read any more. */
export async function keptKey(): Promise<string | null> {
  if (!canKeep()) return null;
  try {
    const kept = (await inStore("readonly", (store) => store.get(RECORD))) as Kept | undefined;
    if (!kept) return null;
    const { lock, iv, sealed } = kept;
    const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, lock, sealed);
    return new TextDecoder().decode(opened);
  } catch {
    return null;
  }
}

export async function forgetKept(): Promise<void> {
  if (canKeep()) await inStore("readwrite", (store) => store.delete(RECORD)).catch(() => {});
}

async function inStore(
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database: IDBDatabase = await settled(opening);
  try {
    return await settled(use(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
