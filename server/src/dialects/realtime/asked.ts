import type { Metadata } from "../openai/metadata.ts";
import type { Item } from "./items.ts";
import type { AnswerSettings } from "./settings.ts";

/** What is asked for by a `response.create`, or by the end of a spoken turn. */
export type Asked = {
  readonly settings: AnswerSettings & { readonly speed: number };
  readonly metadata: Metadata | null;
  /** What the model is told, in place of the conversation; null: the conversation. */
  readonly input: readonly Item[] | null;
  /** Nothing of it is added to the conversation, or stored. */
  readonly isApart: boolean;
  readonly clientEventId: string | null;
};
