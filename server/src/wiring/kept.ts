import type { Files } from "../core/files.ts";
import { createMemories, type Memories } from "../core/memories.ts";
import { createProfiles, type Profiles } from "../core/profiles.ts";
import { createProjects, type Projects } from "../core/projects.ts";
import { createSavedPrompts, type SavedPrompts } from "../core/saved-prompts.ts";
import type { Clock, DeriveId, NewId } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";

/** What people keep beside their conversations. */
export type Kept = {
  readonly profiles: Profiles;
  readonly memories: Memories;
  readonly prompts: SavedPrompts;
  readonly projects: Projects;
};

export type KeptParts = {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly deriveId: DeriveId;
  readonly hasMemory: boolean;
};

export function createKept(parts: KeptParts, files: Files): Kept {
  const { store, clock, newId, hasMemory } = parts;
  return {
    profiles: createProfiles(store, clock),
    memories: createMemories({ ...parts, isAllowed: hasMemory }),
    prompts: createSavedPrompts(store, clock, newId),
    projects: createProjects(store, files, clock, newId),
  };
}
