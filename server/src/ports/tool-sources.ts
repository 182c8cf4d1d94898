import type { JsonObject } from "../domain/json.ts";
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
    },
  ): Promise<ToolAnswer>;
  close(): Promise<void>;
}

/** Tells of a source whose tools have changed, or that began or ceased to answer. */
export type OnSourceChange = () => void;
