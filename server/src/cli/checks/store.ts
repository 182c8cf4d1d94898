import type { ApiKey } from "../../domain/key.ts";
import type { Storage } from "../storage.ts";
import { counted } from "../wording.ts";
import { type Finding, failure, fine, wordsOf } from "./finding.ts";

/** The keys in the store. */
export type StoredAccess = { readonly isClaimed: boolean; readonly keys: readonly ApiKey[] };

/** Checks whether the store opens and answers. `access` is null if it does not. */
export async function checkStore(
  storage: Storage,
): Promise<{ finding: Finding; access: StoredAccess | null }> {
  const check = "store";
  try {
    await using store = await storage.open();
    await store.ping();
    const { conversation, message } = await store.countRecords();
    const access = { isClaimed: await store.isClaimed(), keys: await store.listKeys() };
    return {
      finding: fine(
        check,
        `opens and answers: ${counted(conversation, "conversation")}, ${counted(message, "message")}`,
      ),
      access,
    };
  } catch (error) {
    return {
      finding: failure(
        check,
        wordsOf(error),
        "see what the message says; 'colloquy import' brings back what 'colloquy export' saved",
      ),
      access: null,
    };
  }
}
