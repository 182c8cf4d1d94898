import type { Agent } from "../domain/agent.ts";
import type { Branch } from "../domain/branches.ts";
import type { Conversation } from "../domain/conversation.ts";
import type { StoredFile } from "../domain/file.ts";
import type { Invitation } from "../domain/invitation.ts";
import type { JsonObject } from "../domain/json.ts";
import type { ApiKey } from "../domain/key.ts";
import type { Memory } from "../domain/memory.ts";
import type { Message } from "../domain/message.ts";
import type { Owner } from "../domain/principal.ts";
import type { Profile } from "../domain/profile.ts";
import type { Project } from "../domain/project.ts";
import type { SavedPrompt } from "../domain/saved-prompt.ts";
import type { ToolQuestion } from "../domain/tool-question.ts";

/**
 * One thing of an installation, as `colloquy export` writes it. A conversation comes after its project, a message after
 * its conversation, in sequence; a file comes after all messages, and those with the same bytes follow each other.
 */
export type ArchiveRecord =
  | { readonly type: "key"; readonly key: ApiKey }
  | { readonly type: "invitation"; readonly invitation: Invitation }
  | { readonly type: "agent"; readonly owner: Owner; readonly agent: Agent }
  | { readonly type: "profile"; readonly owner: Owner; readonly profile: Profile }
  | { readonly type: "memory"; readonly owner: Owner; readonly memory: Memory }
  | { readonly type: "prompt"; readonly owner: Owner; readonly prompt: SavedPrompt }
  | { readonly type: "project"; readonly owner: Owner; readonly project: Project }
  | {
      readonly type: "conversation";
      readonly owner: Owner;
      readonly conversation: Conversation;
      /** All but the trunk, by number; the sequences of messages say their branches. */
      readonly branches: readonly Branch[];
    }
  | {
      readonly type: "message";
      readonly owner: Owner;
      readonly message: Message;
      /** Of a reply that waits for a decision, whose status is `streaming`; no other reply in progress is in an archive. */
      readonly waits?: WaitingReply;
    }
  | { readonly type: "file"; readonly owner: Owner; readonly file: StoredFile };

/** What a server needs to go on with a reply that waits. */
export type WaitingReply = {
  readonly since: Date;
  /** How far the reply has come (`ReplySteps`). */
  readonly state: JsonObject;
  /** The open questions about the reply. */
  readonly questions: readonly Omit<
    ToolQuestion,
    "conversationId" | "replyId" | "kind" | "decision" | "result"
  >[];
};

/** A record to store. */
export type NewRecord = ArchiveRecord & {
  /** Of a message of a conversation that may be stored already; absent: it changes nothing besides. */
  readonly growth?: {
    /** The branch of the message, which begins with its first message; null if it is there already. */
    readonly begun: Branch | null;
    /** Whether the branch of the message becomes the active one. */
    readonly isShown: boolean;
  };
};

export type ArchiveCounts = Record<ArchiveRecord["type"], number>;

export interface Archive {
  countRecords(): Promise<ArchiveCounts>;
  /** Everything, of every tenant and owner, a record at a time. A reply in progress is left out, unless it waits. */
  exportRecords(): AsyncIterable<ArchiveRecord>;
  /**
   * Stores the records as they are (ids, times, order), all or none. A record whose id exists already is
   * skipped, and so is a message whose conversation or branch is missing or another one's. A conversation whose project
   * is missing is stored in none. An invitation that was accepted is over, because its session is in no archive; one of
   * the same secret that is open in the store becomes so, too. Messages that were sent with a file that is stored, and projects that have it, say no
   * longer that it is deleted. Returns, for each record, whether it was stored.
   */
  importRecords(records: readonly NewRecord[]): Promise<boolean[]>;
}
