/** Conversations, with the names of the wire. */

import type { PageQuery } from "./wire-pages.ts";

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
  /** Of a temporary conversation: when it is deleted. */
  readonly expires_at?: string;
  /** It is only in the list of archived conversations; a new message brings it back. Absent: it is not archived. */
  readonly is_archived?: true;
  /** The project that it is in; absent: none. */
  readonly project_id?: string;
};

export type ConversationInput = {
  /** If absent, the title is taken from the first message. */
  readonly title?: string | undefined;
  readonly agent_id?: string | undefined;
  readonly model?: string | undefined;
  readonly mode?: string | undefined;
  /** In no list, search or export, and deleted by the server when its `expires_at` has come. */
  readonly is_temporary?: boolean | undefined;
  /** The project to begin it in. */
  readonly project_id?: string | null | undefined;
};

/** What is done with each of several conversations. */
export type ConversationAction =
  | "delete"
  | "archive"
  | "unarchive"
  /** Moves them into a project; null: into none. */
  | { readonly move: string | null };

/** What became of one of them. */
export type ActionResult = {
  readonly id: string;
  readonly done: boolean;
  /** Why it was not done. */
  readonly error?: { readonly code: string; readonly message: string };
};

export type ImportResult = {
  /** The number of conversations that are new or have new messages. */
  readonly imported: number;
  /** The number of conversations that existed completely. */
  readonly skipped: number;
  /** The conversations that could not be imported, by their index in the list, and the reason. */
  readonly failed: readonly { readonly index: number; readonly reason: string }[];
};

/** Only fields that are present are changed. */
export type ConversationPatch = {
  readonly title?: string | undefined;
  readonly is_pinned?: boolean | undefined;
  readonly is_archived?: boolean | undefined;
  /** The project to move it into; null: into none. */
  readonly project_id?: string | null | undefined;
  readonly agent_id?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly mode?: string | null | undefined;
  readonly active_branch?: number | undefined;
};

export type ConversationsQuery = PageQuery & {
  /** Only pinned conversations, or only those that are not pinned. */
  readonly is_pinned?: boolean | undefined;
  /** "1": the archived conversations in place of the others. */
  readonly archived?: "0" | "1" | undefined;
  /** Only those of that project; "none": only those in no project. */
  readonly project_id?: string | undefined;
};
