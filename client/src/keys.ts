import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { CreatedKey, Key, KeyInput } from "./wire-keys.ts";

export type KeyCalls = ReturnType<typeof keyCalls>;

/** Keys are for operators; others get FORBIDDEN. */
export function keyCalls(calls: Calls) {
  return {
    /** Creates a key. The first key claims the server, which requires a key of everybody from then on. */
    create: async (input: KeyInput = {}, options: CallOptions = {}): Promise<CreatedKey> =>
      calls.create("/keys", input, options),

    /** All keys, oldest first, including revoked ones. */
    list: async (options: CallOptions = {}): Promise<Key[]> => calls.get("/keys", options),

    /** Revokes a key, which stays in the list. */
    revoke: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/keys/${id}`, options),
  };
}
