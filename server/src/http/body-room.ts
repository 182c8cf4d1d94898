import { AppError } from "../domain/errors.ts";

/** The memory for the bodies of all requests together. A body counts from its first byte to the answer. */
const MAX_HELD_BYTES = 256 * 1024 * 1024;
/** The last part of the memory is reserved for bodies of at most this size, so that imports never block messages. */
const SMALL_BODY_BYTES = 64 * 1024;
const KEPT_FOR_SMALL_BYTES = 16 * 1024 * 1024;
const RETRY_AFTER_MS = 5_000;

/** The share of the common memory that one request's body takes. */
export type BodyRoom = {
  /** @throws AppError unavailable; nothing is taken then */
  take(bytes: number): void;
  /** Gives everything back; may be called more than once, and nothing is taken after it. */
  giveBack(): void;
};

let heldBytes = 0;

export function openRoom(): BodyRoom {
  let takenBytes = 0;
  let isOpen = true;
  return {
    take(bytes) {
      if (!isOpen) return;
      const isSmall = takenBytes + bytes <= SMALL_BODY_BYTES;
      const most = isSmall ? MAX_HELD_BYTES : MAX_HELD_BYTES - KEPT_FOR_SMALL_BYTES;
      if (heldBytes + bytes > most)
        throw new AppError(
          "unavailable",
          "The server is receiving as much as it can at once. Send the request again in a few seconds",
          { retryAfterMs: RETRY_AFTER_MS },
        );
      heldBytes += bytes;
      takenBytes += bytes;
    },
    giveBack() {
      isOpen = false;
      heldBytes -= takenBytes;
      takenBytes = 0;
    },
  };
}
