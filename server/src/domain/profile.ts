/** What a person keeps for every conversation. */
export type Profile = {
  /** What models are told of the person, and of how they like answers; empty: nothing. */
  readonly instructions: string;
  /** Whether models are told it. */
  readonly areInstructionsOn: boolean;
  /** Models may remember the person, and are told what was remembered (domain/memory.ts). Absent: they are not. */
  readonly isMemoryOn?: true;
  readonly updatedAt: Date;
};

export const MAX_INSTRUCTIONS_CHARACTERS = 4_000;

const ABOUT_THE_PERSON =
  "What the person whom you answer says of themselves, and of how they like answers:";

/** What a model is told of a person; null: nothing. */
export const toldOf = (profile: Profile | null): string | null =>
  profile?.areInstructionsOn && profile.instructions !== ""
    ? `${ABOUT_THE_PERSON}\n${profile.instructions}`
    : null;
