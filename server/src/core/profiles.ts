import type { Owner } from "../domain/principal.ts";
import { MAX_INSTRUCTIONS_CHARACTERS, type Profile } from "../domain/profile.ts";
import { checkText } from "../domain/text.ts";
import type { Clock } from "../ports/clock.ts";
import type { ProfileStore } from "../ports/profile-store.ts";

export type ProfileDraft = Omit<Profile, "updatedAt">;

/** What people keep for all their conversations. */
export type Profiles = {
  /** Null: the owner keeps nothing. */
  get(owner: Owner): Promise<Profile | null>;
  /** Resolves once it is on disk. A blank text keeps nothing. @throws AppError invalid_request */
  put(owner: Owner, draft: ProfileDraft): Promise<Profile | null>;
};

export function createProfiles(store: ProfileStore, clock: Pick<Clock, "now">): Profiles {
  return {
    get: (owner) => store.getProfile(owner),
    async put(owner, { instructions, areInstructionsOn }) {
      checkText(instructions, "instructions", MAX_INSTRUCTIONS_CHARACTERS);
      const isKept = /\S/u.test(instructions) || !areInstructionsOn;
      const profile = isKept ? { instructions, areInstructionsOn, updatedAt: clock.now() } : null;
      await store.putProfile(owner, profile);
      return profile;
    },
  };
}
