import type { Owner } from "../domain/principal.ts";
import type { Profile } from "../domain/profile.ts";

export interface ProfileStore {
  /** Null: the owner keeps nothing. */
  getProfile(owner: Owner): Promise<Profile | null>;
  /** Takes the place of what was kept. @param profile null: nothing is kept any more */
  putProfile(owner: Owner, profile: Profile | null): Promise<void>;
}
