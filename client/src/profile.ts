import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import type { Profile, ProfileInput } from "./wire-profile.ts";

export type ProfileCalls = ReturnType<typeof profileCalls>;

export function profileCalls(calls: Calls) {
  return {
    get: async (options: CallOptions = {}): Promise<Profile> => calls.get("/profile", options),

    /** Replaces what the user keeps for all conversations. */
    replace: async (input: ProfileInput, options: CallOptions = {}): Promise<Profile> =>
      calls.change("PUT", "/profile", input, options),
  };
}
