/** What travels on wire 004, in the wire's own names. Times are ISO 8601 strings, ids are UUIDs. */

import type { ColloquyError, ErrorCode } from "./errors.ts";
import type { Attachment } from "./wire-files.ts";
import type { Part } from "./wire-parts.ts";

export type Conversation = {
  readonly id: string;
  /** "New Conversation" until its first message names it. */
  readonly title: string;
  readonly user_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly is_pinned: boolean;
  /** The agent whose instructions its replies follow. */
  readonly agent_id: string | null;
  /** The model that answers where a message names none; null: its agent's, or the server's usual one. */
  readonly model: string | null;
  /** A word of the application's own, kept as it is. */
  readonly mode: string | null;
  /** The branch whose path is shown and continued where nothing else is asked for; absent: there is only one. */
  readonly active_branch?: number;
};

/** Who the credential stands for. */
export type Account = {
  readonly user_id: string;
  readonly tenant_id: string;
  /** May read the server's figures and manage keys. */
  readonly is_operator: boolean;
  /** False until the server's first key is made. */
  readonly is_claimed: boolean;
  /** The first key can be made with the code that the server showed on its terminal. */
  readonly takes_claim_code: boolean;
  /** Anybody is served without a key, on wires other than this one. */
  readonly is_open: boolean;
};

/** How the server is (document 003). */
export type Health = {
  readonly status: "healthy" | "unhealthy";
  readonly services: {
    readonly ai_service: boolean;
    readonly audio_processor: boolean;
    readonly audio_pipeline: boolean;
  };
  /** Open WebSockets. */
  readonly active_connections: number;
  /** The names of the speech engines; null where there is none. */
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
  /** The model that wrote it, as the provider names it; null for what no model wrote. */
  readonly model: string | null;
  /** `interrupted`: stopped, and the text so far kept. `failed`: the model broke off. */
  readonly status: "complete" | "interrupted" | "failed";
  /** Why the model ended its answer; null for what no model ended. */
  readonly finish_reason: FinishReason | null;
  /** What ended a reply of status `interrupted`; null where that was not noted. */
  readonly interrupted_by: Interruption | null;
  /** What the model thought before it answered, where it says so. */
  readonly reasoning: string | null;
  /** How long it thought before the first word of its answer. */
  readonly reasoning_ms: number | null;
  /** In tokens, as the provider counted them. */
  readonly usage: Usage | null;
  /** What it consists of, in order; there where that was asked for. */
  readonly parts?: readonly Part[];
  readonly created_at: string;
  /** The files that it was sent with, if any. */
  readonly attachments?: readonly Attachment[];
  /** Why a reply of status `failed` failed, and what to do about it. */
  readonly error?: { readonly code: string; readonly message: string };
  /** The branch that it was said on; absent: on branch 0. */
  readonly branch?: number;
  /** What was said in its place, where that are several; only where versions were asked for. */
  readonly versions?: Versions;
};

/** The versions of a question or an answer. */
export type Versions = {
  /** The place of the message in the lists, from 0. */
  readonly index: number;
  /** The ids of all versions, oldest first. */
  readonly ids: readonly string[];
  /** For each version the newest branch whose path has it. */
  readonly branches: readonly number[];
};

/** `length`: cut by its length limit. `filter`: by its provider's content filter. */
export type FinishReason = "stop" | "length" | "filter" | "tool_calls" | "other";

/**
 * Its user (`stopped`), a message that took its place, a deletion, a server that was shut down or was
 * lost with the reply unfinished (`crash`), or a listener who spoke over it (`heard`).
 */
export type Interruption = "stopped" | "superseded" | "deleted" | "shutdown" | "crash" | "heard";

export type Usage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  /** Of the prompt: those that the provider had kept from before. */
  readonly cached_tokens?: number;
  /** Of the completion: those of what the model thought. */
  readonly reasoning_tokens?: number;
  /** In US dollars, where the provider says it. */
  readonly cost_usd?: number;
};

/** A named way to answer, for the conversations that choose it by `agent_id`. */
export type Agent = {
  readonly id: string;
  readonly name: string;
  readonly instructions: string;
  readonly model: string | null;
  /** 0 to 2; null leaves it to the provider. */
  readonly temperature: number | null;
  readonly voice: string | null;
  readonly created_at: string;
  readonly updated_at: string;
};

export type ModelInfo = {
  readonly id: string;
  readonly name: string;
  /** Null where the provider does not say. */
  readonly context_tokens: number | null;
  readonly provider: string;
  readonly is_default: boolean;
};

export type SearchHit = {
  readonly conversation: Conversation;
  /** Null where the title is what matched. */
  readonly message: Message | null;
  /** Text around the matches, each between U+E000 and U+E001; `snippetParts` takes it apart. */
  readonly snippet: string;
  /** How many hits are in this conversation, on all pages. */
  readonly hits_in_conversation: number;
};

/** A page of hits, best first; `total` counts those of all pages. */
export type SearchPage = Page<SearchHit> & {
  /** How many conversations the hits are in. */
  readonly conversations: number;
  /** False where only the newest hits were ranked and counted: there are more. */
  readonly is_complete: boolean;
};

export type ConversationInput = {
  /** Without one, the first message gives the conversation its title. */
  readonly title?: string | undefined;
  readonly agent_id?: string | undefined;
  readonly model?: string | undefined;
  readonly mode?: string | undefined;
};

export type ImportResult = {
  /** Conversations that are new here, or got messages that are. */
  readonly imported: number;
  /** Conversations that were there already, whole. */
  readonly skipped: number;
  /** Those of which nothing could be taken, by their place in the list, and why. */
  readonly failed: readonly { readonly index: number; readonly reason: string }[];
};

/** Only the fields that are there change. */
export type ConversationPatch = {
  readonly title?: string | undefined;
  readonly is_pinned?: boolean | undefined;
  readonly agent_id?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly mode?: string | null | undefined;
  readonly active_branch?: number | undefined;
};

export type AgentInput = {
  readonly name: string;
  readonly instructions: string;
  readonly model?: string | null | undefined;
  readonly temperature?: number | null | undefined;
  readonly voice?: string | null | undefined;
};

export type ConversationsQuery = PageQuery & {
  /** Only those that are pinned, or not. */
  readonly is_pinned?: boolean | undefined;
};

/** Pages count from 1 and have at most 100 items. */
export type PageQuery = {
  readonly page?: number | undefined;
  readonly limit?: number | undefined;
};

/** One page of a list. */
export type Page<T> = {
  readonly items: readonly T[];
  /** Of all pages together. */
  readonly total: number;
  readonly page: number;
  readonly limit: number;
  readonly totalPages: number;
};

/**
 * What happens to a reply, in order: its beginning, its text piece by piece, and one ending
 * (`ai_complete` or `error`). The notices come in between, and only where they were asked for.
 */
export type ReplyEvent =
  /** The message is stored, in a conversation that was made for it. */
  | {
      readonly type: "conversation_created";
      readonly data: { readonly conversationId: string; readonly userMessage: Message };
    }
  /** The message is stored. `branch`: where its reply is said, unless that is branch 0. */
  | { readonly type: "user_message"; readonly data: Message; readonly branch?: number }
  /** The next piece of the reply's text; where parts were asked for, with the `index` of its part. */
  | { readonly type: "ai_chunk"; readonly data: string; readonly index?: number }
  /** A part that is no text begins, or one other than words grows; `growParts` puts the parts together. */
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
  /** What the model thinks, where that was asked for; `offset`: the length of all before. Comes anew on a new connection. */
  | {
      readonly type: "ai_reasoning";
      readonly data: { readonly text: string; readonly offset: number };
    }
  /** The whole reply as it is stored; its status is `interrupted` after a stop. */
  | { readonly type: "ai_complete"; readonly data: Message }
  /** The reply failed. */
  | {
      readonly type: "error";
      readonly data: {
        readonly code: ErrorCode;
        readonly message: string;
        /** In seconds: when trying again can succeed, where the server or the provider said so. */
        readonly retry_after?: number;
      };
    }
  | ConnectionNotice;

export type ConnectionNotice =
  /** The connection is lost; try number `attempt`, counted from 1, follows after `delayMs`. */
  | {
      readonly type: "reconnecting";
      readonly data: {
        readonly attempt: number;
        readonly delayMs: number;
        readonly error: ColloquyError;
      };
    }
  /** The connection is back, and the reply goes on where it was. */
  | { readonly type: "resumed" };

const MATCH_START = "\uE000";
const MATCH_END = "\uE001";

/** A search snippet as pieces of text, each a match or not, none of them empty. */
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
