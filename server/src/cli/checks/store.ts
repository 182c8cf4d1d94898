import type { ApiKey } from "../../domain/key.ts";
import type { Storage } from "../storage.ts";
import { counted } from "../wording.ts";
import { type Finding, failure, fine, wordsOf } from "./finding.ts";

/** Who may come in, as it is stored. */
export type StoredAccess = { readonly isClaimed: boolean; readonly keys: readonly ApiKey[] };

/** Whether the store opens and answers. `access` is null when it does not. */
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
