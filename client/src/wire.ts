/** The objects of wire 004, with the names of the wire. Times are ISO 8601 strings, ids are UUIDs. */

import type { ColloquyError, ErrorCode } from "./errors.ts";
import type { Conversation } from "./wire-conversations.ts";
import type { Attachment } from "./wire-files.ts";
import type { Page } from "./wire-pages.ts";
import type { Part } from "./wire-parts.ts";
import type { ClientCall, Question } from "./wire-questions.ts";

/** Who the credential stands for. */
export type Account = {
  readonly user_id: string;
  readonly tenant_id: string;
  /** The user may read the figures of the server and manage keys. */
  readonly is_operator: boolean;
  /** False until the first key of the server is created. */
  readonly is_claimed: boolean;
  /** The first key can be created with the code that the server shows on its terminal. */
  readonly takes_claim_code: boolean;
  /** Links can be made with which anybody reads a conversation. */
  readonly can_share: boolean;
  /** The server has a speech recogniser, which `speech.transcribe` needs. */
  readonly can_hear: boolean;
  /** Anybody is served without a key on the other wires. */
  readonly is_open: boolean;
  /** How many hours a temporary conversation is kept. */
  readonly temporary_hours: number;
};

/** The health of the server (document 003). */
export type Health = {
  readonly status: "healthy" | "unhealthy";
  readonly services: {
    readonly ai_service: boolean;
    readonly audio_processor: boolean;
    readonly audio_pipeline: boolean;
  };
  /** The number of open WebSockets. */
  readonly active_connections: number;
  /** The names of the speech engines; null if there is none. */
  readonly engines: { readonly hears: string | null; readonly speaks: string | null };
  readonly timestamp: string;
  readonly version: string;
};

export type Role = "user" | "assistant" | "system";

export type Message = {
  readonly id: string;
  readonly conversation_id: string;
  readonly role: Role;
  readonly content: string;
  /** The model that wrote the message, as its provider names it; null if no model did. */
  readonly model: string | null;
  /** An `interrupted` reply was stopped and keeps its text so far. A `waiting` one goes on after a decision or a result. A `failed` reply was broken off by the model. */
  readonly status: "complete" | "waiting" | "interrupted" | "failed";
  /** Of a reply that waits: the calls that are to be decided. */
  readonly questions?: readonly Question[];
  /** Of a reply that waits: the calls of which the client is to give the results, if any. */
  readonly calls?: readonly ClientCall[];
  /** Why the model ended its answer; null if no model ended it. */
  readonly finish_reason: FinishReason | null;
  /** The cause of an interruption; null if it was not recorded. */
  readonly interrupted_by: Interruption | null;
  /** The reasoning of the model, if it reports any. */
  readonly reasoning: string | null;
  /** The time that the model spent on reasoning before the first word of its answer. */
  readonly reasoning_ms: number | null;
  /** The tokens as the provider counted them. */
  readonly usage: Usage | null;
  /** The parts of the message, in order. Present only if requested. */
  readonly parts?: readonly Part[];
  /** The time from the beginning of a reply to its end. Present only if parts are requested. */
  readonly took_ms?: number;
  readonly created_at: string;
  /** The attached files, if any. */
  readonly attachments?: readonly Attachment[];
  /** The reason of a failure, and what to do about it. */
  readonly error?: { readonly code: string; readonly message: string };
  /** The branch of the message; absent on branch 0. */
  readonly branch?: number;
  /** The versions of the message, if there are several. Present only if requested. */
  readonly versions?: Versions;
};

/** The versions of a question or an answer. */
export type Versions = {
  /** The index of the message in the lists. */
  readonly index: number;
  /** The ids of all versions, oldest first. */
  readonly ids: readonly string[];
  /** For each version, the newest branch whose path contains it. */
  readonly branches: readonly number[];
};

/** `length` means that the length limit cut the answer, `filter` that the provider's content filter did. */
export type FinishReason = "stop" | "length" | "filter" | "tool_calls" | "other";

/**
 * The cause of an interruption: the user stopped the reply (`stopped`), a message replaced it, it was deleted, the
 * server was shut down or crashed, or a listener spoke over the reply (`heard`).
 */
export type Interruption = "stopped" | "superseded" | "deleted" | "shutdown" | "crash" | "heard";

export type Usage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  /** The tokens of the prompt that the provider had cached. */
  readonly cached_tokens?: number;
  /** The tokens of the completion that are reasoning. */
  readonly reasoning_tokens?: number;
  /** The price in US dollars, if the provider reports it. */
  readonly cost_usd?: number;
};

export type ModelInfo = {
  readonly id: string;
  readonly name: string;
  /** Null if the provider does not report it. */
  readonly context_tokens: number | null;
  readonly provider: string;
  readonly is_default: boolean;
};

export type SearchHit = {
  readonly conversation: Conversation;
  /** Null if the title matched. */
  readonly message: Message | null;
  /** Text around the matches, each between U+E000 and U+E001; `snippetParts` splits it. */
  readonly snippet: string;
  /** The number of hits in this conversation on all pages. */
  readonly hits_in_conversation: number;
};

/** A page of hits, best first; `total` counts those of all pages. */
export type SearchPage = Page<SearchHit> & {
  /** The number of conversations with hits. */
  readonly conversations: number;
  /** False if there were so many hits that only the newest ones were ranked and counted. */
  readonly is_complete: boolean;
  /** There while messages are still being made searchable, after an import for example: a later search may find more. */
  readonly is_indexing?: true | undefined;
};

/**
 * The events of a reply, in order: its beginning, its text in pieces, and one ending
 * (`ai_complete` or `error`). Notices come in between, and only if they were requested.
 */
export type ReplyEvent =
  /** The message is stored in a new conversation. */
  | {
      readonly type: "conversation_created";
      readonly data: { readonly conversationId: string; readonly userMessage: Message };
    }
  /** The message is stored. `branch` is the branch of its reply, unless that is branch 0. */
  | { readonly type: "user_message"; readonly data: Message; readonly branch?: number }
  /** The next piece of the text of the reply, with the `index` of its part if parts were requested. */
  | { readonly type: "ai_chunk"; readonly data: string; readonly index?: number }
  /** A part other than text begins, or a part other than words grows. `growParts` assembles the parts. */
  | {
      readonly type: "ai_part";
      readonly data:
        | { readonly type: "open"; readonly index: number; readonly part: Part }
        | {
            readonly type: "grow";
            readonly index: number;
            readonly of: "reasoning" | "tool_call" | "tool_result";
            readonly text: string;
          };
    }
  /** A piece of the reasoning, if requested. `offset` is the length of the reasoning before it. A new connection repeats it from the beginning. */
  | {
      readonly type: "ai_reasoning";
      readonly data: { readonly text: string; readonly offset: number };
    }
  /** The whole reply as it is stored. Its status is `interrupted` after a stop. */
  | { readonly type: "ai_complete"; readonly data: Message }
  /** The reply waits until its `questions` are decided and its `calls` have results, and the stream ends. The reply goes on from its `lastEventId`. */
  | { readonly type: "ai_waiting"; readonly data: Message }
  /** The reply failed. */
  | {
      readonly type: "error";
      readonly data: {
        readonly code: ErrorCode;
        readonly message: string;
        /** The seconds after which a retry can succeed, if the server or the provider reported them. */
        readonly retry_after?: number;
      };
    }
  | ConnectionNotice;

export type ConnectionNotice =
  /** The connection is lost. Try number `attempt`, counted from 1, follows after `delayMs`. */
  | {
      readonly type: "reconnecting";
      readonly data: {
        readonly attempt: number;
        readonly delayMs: number;
        readonly error: ColloquyError;
      };
    }
  /** The connection is back, and the reply continues where it was. */
  | { readonly type: "resumed" };

const MATCH_START = "\uE000";
const MATCH_END = "\uE001";

/** A search snippet as pieces of text, none of which is empty. Each is a match or not. */
export function snippetParts(snippet: string): { text: string; isMatch: boolean }[] {
  const parts: { text: string; isMatch: boolean }[] = [];
  let isMatch = false;
  for (const piece of snippet.split(new RegExp(`(${MATCH_START}|${MATCH_END})`, "u"))) {
    if (piece === MATCH_START) isMatch = true;
    else if (piece === MATCH_END) isMatch = false;
    else if (piece !== "") parts.push({ text: piece, isMatch });
  }
  return parts;
}
