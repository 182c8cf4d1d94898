import type { Client, StoredFile } from "@colloquy/client";
import { useMemo, useSyncExternalStore } from "react";
import { wordsOf } from "../../words-of.ts";

/** The wire's most. */
export const MAX_FILES = 10;

/** What is known of a file that a message is to be sent with. */
export type FileFacts = Pick<StoredFile, "id" | "name" | "media_type" | "bytes">;

/** A file that was picked, on its way to the server or there. */
export type Attached = {
  readonly key: string;
  readonly name: string;
  /** 0 to 1. */
  readonly progress: number;
  /** Null: it is not there yet. */
  readonly stored: FileFacts | null;
  /** Why it could not be uploaded. */
  readonly problem: string | null;
  /** An address of the image in this page; null: it is none. */
  readonly previewUrl: string | null;
};

type Entry = {
  shown: Attached;
  readonly uploading: AbortController;
  /** Whether a message may have it already. */
  readonly isSent: boolean;
};

export type AttachedFiles = ReturnType<typeof createAttachedFiles>;

const NONE: readonly Attached[] = [];
const PREVIEWED = /^image\/(?:png|jpeg|gif|webp)$/;

/** The files that are attached, by conversation: they stay while another one is looked at, as drafts do. */
function createAttachedFiles(client: Client) {
  const entries = new Map<string, readonly Entry[]>();
  const shown = new Map<string, readonly Attached[]>();
  const listeners = new Set<() => void>();
  let nextKey = 0;
  const put = (place: string, list: readonly Entry[]) => {
    entries.set(place, list);
    shown.set(
      place,
      list.map((entry) => entry.shown),
    );
    for (const listener of listeners) listener();
  };
  const of = (place: string): readonly Entry[] => entries.get(place) ?? [];
  const placeOf = (entry: Entry): string | undefined =>
    [...entries].find(([, list]) => list.includes(entry))?.[0];
  const update = (entry: Entry, change: Partial<Attached>) => {
    const place = placeOf(entry);
    if (place === undefined) return;
    entry.shown = { ...entry.shown, ...change };
    put(place, of(place));
  };
  const letGo = ({ shown: { previewUrl } }: Entry) => {
    if (previewUrl) URL.revokeObjectURL(previewUrl);
  };

  async function upload(entry: Entry, file: File): Promise<void> {
    try {
      const stored = await client.files.upload(file, {
        signal: entry.uploading.signal,
        onProgress: ({ sent, total }) => update(entry, { progress: total > 0 ? sent / total : 1 }),
      });
      update(entry, { stored, progress: 1 });
    } catch (error) {
      if (entry.uploading.signal.aborted) return;
      letGo(entry);
      update(entry, { problem: wordsOf(error), previewUrl: null });
    }
  }

  return {
    get: (place: string): readonly Attached[] => shown.get(place) ?? NONE,

    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    /** Uploads them. @returns how many are left out, because a message has no more */
    add(place: string, files: readonly File[]): number {
      const taken = files.slice(0, Math.max(0, MAX_FILES - of(place).length));
      const added = taken.map(
        (file): Entry => ({
          shown: {
            key: String(nextKey++),
            name: file.name,
            progress: 0,
            stored: null,
            problem: null,
            previewUrl: PREVIEWED.test(file.type) ? URL.createObjectURL(file) : null,
          },
          uploading: new AbortController(),
          isSent: false,
        }),
      );
      put(place, [...of(place), ...added]);
      for (const [index, entry] of added.entries()) void upload(entry, taken[index] as File);
      return files.length - taken.length;
    },

    /** What is on the server already and was not sent after all. */
    putBack(place: string, files: readonly FileFacts[]): void {
      const back = files.map(
        (stored): Entry => ({
          shown: {
            key: stored.id,
            name: stored.name,
            progress: 1,
            stored,
            problem: null,
            previewUrl: null,
          },
          uploading: new AbortController(),
          isSent: true,
        }),
      );
      const list = [...back, ...of(place)];
      for (const entry of list.slice(MAX_FILES)) {
        entry.uploading.abort();
        letGo(entry);
      }
      put(place, list.slice(0, MAX_FILES));
    },

    remove(place: string, key: string): void {
      const entry = of(place).find(({ shown }) => shown.key === key);
      if (!entry) return;
      entry.uploading.abort();
      letGo(entry);
      put(
        place,
        of(place).filter((one) => one !== entry),
      );
      // What was never sent goes from the server at once, where that can be reached; else a day later.
      if (entry.shown.stored && !entry.isSent)
        client.files.delete(entry.shown.stored.id).catch(() => {});
    },

    /** They are sent. */
    take(place: string): readonly FileFacts[] {
      const list = of(place);
      for (const entry of list) letGo(entry);
      put(place, []);
      return list.flatMap(({ shown }) => shown.stored ?? []);
    },

    /** The new conversation has an id. */
    move(from: string, to: string): void {
      const list = of(from);
      put(from, []);
      put(to, list);
    },
  };
}

const stores = new WeakMap<Client, AttachedFiles>();

/** Those of this client, the same wherever they are asked for. */
export function attachedFilesOf(client: Client): AttachedFiles {
  const store = stores.get(client) ?? createAttachedFiles(client);
  stores.set(client, store);
  return store;
}

export function useAttached(client: Client, place: string): readonly Attached[] {
  const store = useMemo(() => attachedFilesOf(client), [client]);
  return useSyncExternalStore(store.subscribe, () => store.get(place));
}
