import type { Selectable } from "kysely";
import type { Owner } from "../../../domain/principal.ts";
import type { Profile } from "../../../domain/profile.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { NewProfile } from "../../../ports/profile-store.ts";
import { createPages } from "./kept.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

type OwnerParameters = { tenantId: string; userId: string };
type ProfileRecord = Extract<ArchiveRecord, { type: "profile" }>;

const toProfile = (row: Selectable<Tables["profiles"]>): Profile => ({
  instructions: row.instructions,
  areInstructionsOn: row.are_instructions_on !== 0,
  ...(row.is_memory_on !== 0 && { isMemoryOn: true as const }),
  updatedAt: new Date(Number(row.updated_at)),
});

const NO_INSTRUCTIONS = { instructions: "", areInstructionsOn: true } as const;

/** Whether a profile says more than none. */
const saysSomething = ({ instructions, areInstructionsOn, isMemoryOn }: Profile): boolean =>
  instructions !== "" || !areInstructionsOn || isMemoryOn === true;

const memoryOf = (profile: Profile | null): Pick<Profile, "isMemoryOn"> =>
  profile?.isMemoryOn ? { isMemoryOn: true } : {};

export function createProfileReads(write: StatementWriter) {
  const selectOne = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("profiles")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const profileRecords = createPages(
    write,
    "profiles",
    (owner, row): ProfileRecord => ({ type: "profile", owner, profile: toProfile(row) }),
  );
  return {
    *getProfile({ tenantId, userId }: Owner): Operation<Profile | null> {
      const row = yield* selectOne.first({ tenantId, userId });
      return row ? toProfile(row) : null;
    },

    profileRecords,
  };
}

export function createProfileWrites(write: StatementWriter) {
  type ProfileParameters = OwnerParameters & {
    instructions: string;
    areInstructionsOn: number;
    isMemoryOn: number;
    updatedAt: number;
  };
  const { getProfile } = createProfileReads(write);
  const deleteOne = write<OwnerParameters>()((database, parameter) =>
    database
      .deleteFrom("profiles")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const insert = write<ProfileParameters>()((database, parameter) =>
    database
      .insertInto("profiles")
      .values({
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        instructions: parameter.instructions,
        are_instructions_on: parameter.areInstructionsOn,
        is_memory_on: parameter.isMemoryOn,
        updated_at: parameter.updatedAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );

  function* insertProfile({ tenantId, userId }: Owner, profile: Profile): Operation<boolean> {
    const { instructions, areInstructionsOn, isMemoryOn, updatedAt } = profile;
    const inserted = yield* insert.run({
      tenantId,
      userId,
      instructions,
      areInstructionsOn: areInstructionsOn ? 1 : 0,
      isMemoryOn: isMemoryOn ? 1 : 0,
      updatedAt: updatedAt.getTime(),
    });
    return inserted > 0;
  }

  function* replace(owner: Owner, profile: Profile | null): Operation<void> {
    const { tenantId, userId } = owner;
    yield* deleteOne.run({ tenantId, userId });
    if (profile && saysSomething(profile)) yield* insertProfile(owner, profile);
  }

  return {
    /** @returns false if there is one of that owner's, which stays */
    insertProfile,

    *putProfile(owner: Owner, profile: NewProfile | null): Operation<void> {
      const before = yield* getProfile(owner);
      if (profile) yield* replace(owner, { ...profile, ...memoryOf(before) });
      else yield* replace(owner, before && { ...before, ...NO_INSTRUCTIONS });
    },

    *switchMemory(owner: Owner, isOn: boolean, at: Date): Operation<void> {
      const before = yield* getProfile(owner);
      const { isMemoryOn: _, ...others } = before ?? { ...NO_INSTRUCTIONS, updatedAt: at };
      yield* replace(owner, isOn ? { ...others, isMemoryOn: true } : others);
    },
  };
}
