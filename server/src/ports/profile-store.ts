import type { Owner } from "../domain/principal.ts";
import type { Profile } from "../domain/profile.ts";

/** What `putProfile` changes. */
export type NewProfile = Omit<Profile, "isMemoryOn">;

export interface ProfileStore {
  /** Null: the owner keeps nothing. */
  getProfile(owner: Owner): Promise<Profile | null>;
  /**
   * Takes the place of what was kept; whether models may remember stays as it is.
   * @param profile null: nothing else is kept any more
   */
  putProfile(owner: Owner, profile: NewProfile | null): Promise<void>;
}
