import type { Client } from "@colloquy/client";
import { useSyncExternalStore } from "react";
import { plainWords } from "../plain-words.ts";

/** The wire's most is 4,096; a piece is as long as several sentences, so that the first sound comes soon. */
const MAX_PIECE_CHARACTERS = 400;

let current: { readonly id: string; readonly stopping: AbortController } | null = null;
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const tell = () => {
  for (const listener of listeners) listener();
};

/** Whether that message is being read aloud. */
export const useIsRead = (id: string): boolean =>
  useSyncExternalStore(subscribe, () => current?.id === id);

export function stopReading(): void {
  current?.stopping.abort();
  current = null;
  tell();
}

/**
 * Reads a message aloud by the server's voice, sentence by sentence; what is read already stops.
 * @throws what the server and the browser say
 */
export async function readAloud(client: Client, id: string, markdown: string): Promise<void> {
  stopReading();
  const stopping = new AbortController();
  const { signal } = stopping;
  const own = { id, stopping };
  current = own;
  tell();
  try {
    const pieces = piecesOf(markdown);
    const fetched = (index: number) => {
      const text = pieces[index];
      const sound = text === undefined ? null : client.speech.say(text, { signal });
      // It is awaited when its turn comes, which may be never.
      sound?.catch(() => {});
      return sound;
    };
    let next = fetched(0);
    for (let index = 0; next; index++) {
      const sound = await next;
      next = fetched(index + 1);
      await play(sound, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stopping.abort();
    if (current === own) {
      current = null;
      tell();
    }
  }
}

/** The sentences of a text, the first by itself and the others several at a time. */
function piecesOf(markdown: string): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  const blocks = markdown
    .replace(/^(`{3,}|~{3,})[\s\S]*?(?:^\1.*$|(?![\s\S]))/gm, "")
    .split(/\n{2,}/);
  for (const block of blocks)
    for (const { segment } of new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(
      plainWords(block),
    )) {
      const isFull = pieces.length === 0 || piece.length + segment.length > MAX_PIECE_CHARACTERS;
      if (piece.trim() !== "" && isFull) {
        pieces.push(piece.trim());
        piece = "";
      }
      // A text without an end to its sentence is cut somewhere.
      for (let at = 0; at < segment.length; at += MAX_PIECE_CHARACTERS) {
        if (at > 0) {
          pieces.push(piece.trim());
          piece = "";
        }
        piece += segment.slice(at, at + MAX_PIECE_CHARACTERS);
      }
      piece += " ";
    }
  if (piece.trim() !== "") pieces.push(piece.trim());
  return pieces.filter((words) => /[\p{L}\p{N}]/u.test(words));
}

async function play(sound: Blob, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const url = URL.createObjectURL(sound);
  const audio = new Audio(url);
  const over = Promise.withResolvers<void>();
  const stop = () => over.reject(signal.reason);
  signal.addEventListener("abort", stop);
  audio.onended = () => over.resolve();
  audio.onerror = () =>
    over.reject(new Error(audio.error?.message ?? "The sound cannot be played"));
  try {
    await Promise.race([audio.play(), over.promise]);
    await over.promise;
  } finally {
    signal.removeEventListener("abort", stop);
    audio.pause();
    URL.revokeObjectURL(url);
  }
}
