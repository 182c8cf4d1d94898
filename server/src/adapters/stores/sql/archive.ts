import { type Branch, branchOf, startOf, TRUNK } from "../../../domain/branches.ts";
import { withoutText } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ArchiveCounts, ArchiveRecord, NewRecord } from "../../../ports/archive.ts";
import type { createAgentWrites } from "./agents.ts";
import { type BranchWrites, createBranchReads } from "./branches.ts";
import { createFileReads, type createFileWrites } from "./files.ts";
import type { Inserts } from "./inserts.ts";
import type { createInvitationWrites } from "./invitations.ts";
import type { Page } from "./kept.ts";
import type { createKeyWrites } from "./keys.ts";
import type { createMemoryWrites } from "./memories.ts";
import type { createProfileWrites } from "./profiles.ts";
import { createProjectCheck } from "./project-check.ts";
import type { createProjectWrites } from "./projects.ts";
import type { createPromptWrites } from "./prompts.ts";
import { CONVERSATION_COLUMNS, toConversation } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import { createWaitingReplyReads, createWaitingReplyWrites } from "./waiting-replies.ts";

type PageParameters = { after: number; limit: number };
type ConversationRecord = Extract<ArchiveRecord, { type: "conversation" }>;
type MessageRecord = Extract<NewRecord, { type: "message" }>;

/** Reading across all owners: for the operator's archive, and for nothing else. */
export function createArchiveReads(write: StatementWriter) {
  const { countFiles } = createFileReads(write);
  const { branchesOf } = createBranchReads(write);
  const { countWaitingReplies, waitingRecord } = createWaitingReplyReads(write);
  const counted = (
    table:
      | "api_keys"
      | "invitations"
      | "agents"
      | "profiles"
      | "prompts"
      | "memories"
      | "projects"
      | "conversations",
  ) =>
    write<Record<never, never>>()((database) =>
      database
        .selectFrom(table)
        .select((expression) => expression.fn.countAll<number>().as("total")),
    );
  const countKeys = counted("api_keys");
  const countInvitations = counted("invitations");
  const countAgents = counted("agents");
  const countProfiles = counted("profiles");
  const countPrompts = counted("prompts");
  const countMemories = counted("memories");
  const countProjects = counted("projects");
  const countConversations = counted("conversations");
  const countMessages = write<Record<never, never>>()((database) =>
    database
      .selectFrom("messages")
      .select((expression) => expression.fn.countAll<number>().as("total")),
  );
  const countRepliesInProgress = write<Record<never, never>>()((database, _, sql) =>
    database
      .selectFrom("messages")
      .select((expression) => expression.fn.countAll<number>().as("total"))
      .where("status", "=", sql.lit("streaming")),
  );
  const selectConversations = write<PageParameters>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select([...CONVERSATION_COLUMNS, "row_id", "tenant_id"])
      .where("row_id", ">", parameter.after)
      .orderBy("row_id")
      .limit(parameter.limit),
  );

  return {
    waitingRecord,

    *countRecords(): Operation<ArchiveCounts> {
      const total = (row: { total: number } | undefined) => Number(row?.total ?? 0);
      return {
        key: total(yield* countKeys.first({})),
        agent: total(yield* countAgents.first({})),
        profile: total(yield* countProfiles.first({})),
        prompt: total(yield* countPrompts.first({})),
        memory: total(yield* countMemories.first({})),
        project: total(yield* countProjects.first({})),
        invitation: total(yield* countInvitations.first({})),
        conversation: total(yield* countConversations.first({})),
        message:
          total(yield* countMessages.first({})) -
          total(yield* countRepliesInProgress.first({})) +
          (yield* countWaitingReplies()),
        file: yield* countFiles(),
      };
    },

    *conversationRecords(after: number, limit: number): Operation<Page<ConversationRecord>> {
      const rows = yield* selectConversations.all({ after, limit });
      const items: ConversationRecord[] = [];
      for (const row of rows) {
        const owner = { tenantId: row.tenant_id, userId: row.owner_id };
        const branches = row.next_branch > 1 ? yield* branchesOf(owner, row.id) : [];
        items.push({ type: "conversation", owner, conversation: toConversation(row), branches });
      }
      return { items, lastRowId: rows.at(-1)?.row_id ?? after };
    },
  };
}

type ArchiveParts = {
  readonly insert: Inserts;
  readonly keys: ReturnType<typeof createKeyWrites>;
  readonly invitations: Pick<ReturnType<typeof createInvitationWrites>, "importInvitation">;
  readonly agents: ReturnType<typeof createAgentWrites>;
  readonly profiles: ReturnType<typeof createProfileWrites>;
  readonly memories: Pick<ReturnType<typeof createMemoryWrites>, "insertMemory">;
  readonly prompts: Pick<ReturnType<typeof createPromptWrites>, "insertPrompt">;
  readonly projects: Pick<ReturnType<typeof createProjectWrites>, "insertProject">;
  readonly branches: BranchWrites;
  readonly files: Pick<ReturnType<typeof createFileWrites>, "importFile">;
};

export function createArchiveWrites(write: StatementWriter, parts: ArchiveParts) {
  const { insert, keys, invitations, agents, profiles, branches, files } = parts;
  const { prompts, memories, projects } = parts;
  const { branchesOf } = createBranchReads(write);
  const { putWaiting } = createWaitingReplyWrites(write);
  const inProjects = createProjectCheck(write);
  const selectNextSequence = write<{ tenantId: string; userId: string; id: string }>()(
    (database, parameter) =>
      database
        .selectFrom("conversations")
        .select(["next_sequence", "next_branch", "active_branch"])
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );
  const setNextSequence = write<{ id: string; tenantId: string; userId: string; next: number }>()(
    (database, parameter) =>
      database
        .updateTable("conversations")
        .set({ next_sequence: parameter.next })
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("next_sequence", "<", parameter.next),
  );

  /** Whether that branch of the conversation is there, or is now. Another one that has its number is not it. */
  function* begin(
    owner: Owner,
    conversationId: string,
    { next_branch: next, active_branch: active }: { next_branch: number; active_branch: number },
    begun: Branch,
  ): Operation<boolean> {
    const { branch, parent, fork } = begun;
    if (branch === next) {
      yield* branches.insertBranch(owner, conversationId, begun);
      yield* branches.makeActive(owner, conversationId, active, next + 1);
      return true;
    }
    return (yield* branchesOf(owner, conversationId)).some(
      (it) => it.branch === branch && it.parent === parent && it.fork === fork,
    );
  }

  /** @param notBegun the branches of which the first message was not stored, so that the others cannot be either */
  function* importMessage(record: MessageRecord, notBegun: Set<string>): Operation<boolean> {
    const { owner, message, growth, waits } = record;
    if ((message.status === "streaming") !== (waits !== undefined)) return false;
    const { tenantId, userId } = owner;
    const id = message.conversationId;
    const conversation = yield* selectNextSequence.first({ tenantId, userId, id });
    if (!conversation) return false;
    const branch = branchOf(message.sequence);
    const begun = growth?.begun ?? null;
    const isFirst = begun !== null && message.sequence === startOf(branch);
    const place = `${id} ${branch}`;
    if (begun && notBegun.has(place)) return false;
    const hasBranch = isFirst
      ? yield* begin(owner, id, conversation, begun)
      : branch < conversation.next_branch;
    if (!hasBranch || !(yield* insert.message(owner, waits ? withoutText(message) : message))) {
      if (isFirst) notBegun.add(place);
      return false;
    }
    if (waits) yield* putWaiting(owner, message, waits);
    if (branch !== TRUNK) yield* branches.reach(owner, id, branch, message.sequence + 1);
    else if (message.sequence >= conversation.next_sequence)
      yield* setNextSequence.run({ id, tenantId, userId, next: message.sequence + 1 });
    if (growth?.isShown) {
      const next = Math.max(conversation.next_branch, branch + 1);
      yield* branches.makeActive(owner, id, branch, next);
    }
    return true;
  }

  function* importConversation(
    record: Extract<ArchiveRecord, { type: "conversation" }>,
  ): Operation<boolean> {
    const { owner } = record;
    const { projectId, ...others } = record.conversation;
    const isInProject = projectId !== undefined && (yield* inProjects.isThere(owner, projectId));
    const conversation = isInProject ? record.conversation : others;
    if (!(yield* insert.conversation(owner, conversation, 0))) return false;
    for (const branch of record.branches)
      yield* branches.insertBranch(owner, conversation.id, branch);
    return true;
  }

  function* importRecord(record: NewRecord, notBegun: Set<string>): Operation<boolean> {
    switch (record.type) {
      case "key":
        return yield* keys.insertKey(record.key);
      case "invitation":
        return yield* invitations.importInvitation(record.invitation);
      case "agent":
        return yield* agents.insertAgent(record.owner, record.agent);
      case "profile":
        return yield* profiles.insertProfile(record.owner, record.profile);
      case "prompt":
        return yield* prompts.insertPrompt(record.owner, record.prompt);
      case "memory":
        return yield* memories.insertMemory(record.owner, record.memory);
      case "project":
        return yield* projects.insertProject(record.owner, record.project);
      case "conversation":
        return yield* importConversation(record);
      case "message":
        return yield* importMessage(record, notBegun);
      case "file":
        return yield* files.importFile(record.owner, record.file);
    }
  }

  return {
    *importRecords(records: readonly NewRecord[]): Operation<boolean[]> {
      const taken: boolean[] = [];
      const notBegun = new Set<string>();
      for (const record of records) taken.push(yield* importRecord(record, notBegun));
      return taken;
    },
  };
}
