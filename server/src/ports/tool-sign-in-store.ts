import type { Stamp } from "../domain/audit.ts";
import type { Owner } from "../domain/principal.ts";
import type { AskedCall } from "./question-store.ts";

/** The tokens of one person for one source, encrypted. */
export type StoredTokens = {
  readonly tokens: string;
  /** Counts the changes: whoever changes the tokens says which ones it has read. */
  readonly version: number;
  readonly signedInAt: Date;
};

/** A sign-in that has begun, encrypted, until it is taken or its time is over. */
export type BegunSignIn = {
  readonly stateHash: string;
  readonly begun: string;
  readonly until: Date;
};

/** The accounts of people at sources of tools: one for each person and source. */
export interface ToolSignInStore {
  getTokens(owner: Owner, source: string): Promise<StoredTokens | null>;
  /** The sources that the person has signed in to. */
  listSignIns(
    owner: Owner,
  ): Promise<readonly { readonly source: string; readonly signedInAt: Date }[]>;
  /** Open questions of all owners that ask for a sign-in which has ended well since, oldest first, at most so many. */
  signedInMeanwhile(limit: number): Promise<readonly AskedCall[]>;
  /** The one that has begun and is not over; null: none. */
  begunSignIn(owner: Owner, source: string, now: Date): Promise<BegunSignIn | null>;
  /** Takes the place of one that has begun before. */
  beginSignIn(owner: Owner, source: string, begun: BegunSignIn): Promise<void>;
  /** Finds whose sign-in has that state; null: nobody's, or its time is over. */
  findBegunSignIn(
    stateHash: string,
    now: Date,
  ): Promise<(BegunSignIn & { readonly owner: Owner; readonly source: string }) | null>;
  /** Takes a sign-in that has begun, once; false: somebody else was first. */
  takeBegunSignIn(owner: Owner, source: string, stateHash: string): Promise<boolean>;
  /** Stores the tokens of a new sign-in in the place of those before. @param stamp noted in the audit log */
  putTokens(owner: Owner, source: string, tokens: string, stamp: Stamp): Promise<void>;
  /** Lets one server renew the tokens of that version until then; false: they have changed, or another server does. */
  claimRenewal(
    owner: Owner,
    source: string,
    renewal: { readonly version: number; readonly now: Date; readonly until: Date },
  ): Promise<boolean>;
  /** Puts renewed tokens in the place of those of that version; false: they have changed. */
  replaceTokens(owner: Owner, source: string, version: number, tokens: string): Promise<boolean>;
  /** Gives up a claim without new tokens. */
  endRenewal(owner: Owner, source: string, version: number): Promise<void>;
  /** Forgets the tokens of that version; false: they have changed. @param stamp noted in the audit log */
  deleteTokens(owner: Owner, source: string, version: number, stamp: Stamp): Promise<boolean>;
}
