import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { CreatedKey, Key, KeyInput } from "./wire-keys.ts";

export type KeyCalls = ReturnType<typeof keyCalls>;

/** For operators; others get FORBIDDEN. */
export function keyCalls(calls: Calls) {
  return {
    /** The first key ever claims the server: from then on it wants one of everybody. */
    create: async (input: KeyInput = {}, options: CallOptions = {}): Promise<CreatedKey> =>
      calls.create("/keys", input, options),

    /** Oldest first, revoked ones too. */
    list: async (options: CallOptions = {}): Promise<Key[]> => calls.get("/keys", options),

    /** It opens nothing any more, and stays in the list. */
    revoke: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/keys/${id}`, options),
  };
}
