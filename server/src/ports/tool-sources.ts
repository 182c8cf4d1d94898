import type { JsonObject } from "../domain/json.ts";
import type { Owner } from "../domain/principal.ts";
import type { ToolAnswer } from "./tools.ts";

/** A tool as its source describes it, within bounds. */
export type ToolDefinition = {
  /** As the source calls it. */
  readonly name: string;
  readonly description: string;
  /** A JSON schema of its arguments, an object. */
  readonly parameters: JsonObject;
  /** Whether the source says that a call changes nothing. */
  readonly isSaidToRead: boolean;
};

/** Whether a source answers, in words for the operator. */
export type SourceState = {
  readonly isUp: boolean;
  /** Since when. */
  readonly since: Date;
  /** Why it does not answer, or what of it cannot be used; null: nothing is wrong. */
  readonly problem: string | null;
};

/** A place that tools come from: a program or a server of somebody's. It is connected to by itself, again and again. */
export interface ToolSource {
  readonly label: string;
  state(): SourceState;
  /** As they were last listed; null: they never were. The same list until they change. */
  definitions(): readonly ToolDefinition[] | null;
  /** Resolves when its tools have been listed, or when that has failed for the first time. */
  listed(): Promise<void>;
  /**
   * Makes a call, once: it is never repeated. Never rejects, unless the signal is aborted.
   * @param name as the source calls the tool
   * @returns `unknown` where the call was sent and no answer came
   */
  call(
    name: string,
    given: JsonObject,
    options: {
      readonly timeoutMs: number;
      readonly signal: AbortSignal;
      /** The same for every attempt at one call, for sources that know a call again by it. */
      readonly key: string;
      /** The replies that wait for it (`ToolInput.within`), for a source whose answer one of them would wait for. */
      readonly within: readonly string[];
      /** For whom it is made. */
      readonly owner: Owner;
      /** As it was accepted: a source that says something else of the tool to that person is not called. */
      readonly accepted?: ToolDefinition;
    },
  ): Promise<ToolAnswer>;
  /**
   * Of a source that each person signs in to, and of no other: lists its tools as that person sees them, at most once in
   * a while. Never rejects.
   */
  listAs?(owner: Owner): Promise<void>;
  close(): Promise<void>;
}

/** The tokens of people for one source. */
export type TokensOfSource = {
  /** Null: that person is not signed in. @throws AppError unavailable */
  of(owner: Owner): Promise<SignedToken | null>;
  /** Another token in the place of one that the source has refused; null: the person has to sign in. @throws AppError unavailable */
  instead(owner: Owner, refused: string): Promise<SignedToken | null>;
};
export type SignedToken = {
  readonly token: string;
  /** Another one after each sign-in. */
  readonly signIn: string;
};

/** Tells of a source whose tools have changed, or that began or ceased to answer. */
export type OnSourceChange = () => void;
