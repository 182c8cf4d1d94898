import type { Stamp } from "../../../domain/audit.ts";
import { noSuchBranch, type SequenceRange, TRUNK } from "../../../domain/branches.ts";
import type { Conversation } from "../../../domain/conversation.ts";
import { type Message, type Role, SHOWN_ROLES, UNTRUSTED } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import { createPace } from "../../../domain/turns-of-the-loop.ts";
import type { ConversationPatch, NewMessage } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import { type BranchWrites, createBranchReads } from "./branches.ts";
import { checkVersion, patched } from "./conversation-patch.ts";
import { type Inserts, toJson } from "./inserts.ts";
import { type Matches, matchMessages } from "./match-messages.ts";
import { createMessageList, MAX_CHARACTERS, tooLong } from "./message-list.ts";
import { createProjectCheck } from "./project-check.ts";
import {
  CONVERSATION_COLUMNS,
  inMessageArrays,
  MESSAGE_COLUMNS,
  messageOf,
  toConversation,
  toMessage,
} from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { TextChanges } from "./text-changes.ts";

type OwnerParameters = { tenantId: string; userId: string };
type RangeParameters = OwnerParameters & SequenceRange & { conversationId: string };

/** Of the messages that one statement deletes. */
const PLACES = Array.from({ length: 32 }, (_, place) => place);

/** Changing a conversation, and replacing its list of messages. */
export function createConversationUpdate(
  write: StatementWriter,
  insert: Inserts,
  changes: TextChanges,
  append: AppendAuditEvent,
  branches: BranchWrites,
) {
  const { findPath } = createBranchReads(write);
  const projects = createProjectCheck(write);
  const selectOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select([...CONVERSATION_COLUMNS, "next_sequence", "is_named_by_words"])
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const update = write<
    OwnerParameters & {
      id: string;
      title: string | null;
      isNamedByWords: number;
      isPinned: number;
      isArchived: number;
      projectId: string | null;
      agentId: string | null;
      model: string | null;
      mode: string | null;
      metadata: string | null;
      activeBranch: number;
      nextSequence: number;
      updatedAt: number;
    }
  >()((database, parameter) =>
    database
      .updateTable("conversations")
      .set({
        title: parameter.title,
        is_named_by_words: parameter.isNamedByWords,
        is_pinned: parameter.isPinned,
        is_archived: parameter.isArchived,
        project_id: parameter.projectId,
        agent_id: parameter.agentId,
        model: parameter.model,
        mode: parameter.mode,
        metadata: parameter.metadata,
        active_branch: parameter.activeBranch,
        next_sequence: parameter.nextSequence,
        updated_at: parameter.updatedAt,
      })
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectUp = inMessageArrays(
    write<RangeParameters & { limit: number }>()((database, parameter) =>
      database
        .selectFrom("messages")
        .select(MESSAGE_COLUMNS)
        .where("conversation_id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("sequence", ">=", parameter.from)
        .where("sequence", "<", parameter.to)
        .orderBy("sequence")
        .limit(parameter.limit),
    ),
  );
  const selectSize = write<RangeParameters>()((database, parameter) =>
    database
      .selectFrom("messages")
      .select(({ fn }) => fn.sum<number>(fn<number>("length", ["content"])).as("characters"))
      .where("conversation_id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("sequence", ">=", parameter.from)
      .where("sequence", "<", parameter.to),
  );
  /** Asked so that others have their turn: while PostgreSQL answers, the event loop goes on. */
  const selectNothing = write<Record<never, never>>()((database, _, sql) => ({
    compile: () => sql`SELECT 1 AS one`.compile(database),
  }));
  const moveMessage = write<OwnerParameters & { id: string; sequence: number }>()(
    (database, parameter) =>
      database
        .updateTable("messages")
        .set({ sequence: parameter.sequence })
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );
  const deleteMessages = write<Record<string, string>>()((database, parameter) =>
    database
      .deleteFrom("messages")
      .where(
        "id",
        "in",
        PLACES.map((place) => parameter[`id${place}`] ?? ""),
      )
      .where("tenant_id", "=", parameter.tenantId ?? "")
      .where("owner_id", "=", parameter.userId ?? ""),
  );

  function* deleteAll({ tenantId, userId }: Owner, messages: readonly Message[]): Operation<void> {
    for (let at = 0; at < messages.length; at += PLACES.length) {
      const ids = PLACES.map((place) => [`id${place}`, messages[at + place]?.id ?? ""]);
      yield* deleteMessages.run({ tenantId, userId, ...Object.fromEntries(ids) });
    }
  }

  /** The messages on a path, oldest first. */
  function* messagesOn(
    place: Omit<RangeParameters, keyof SequenceRange>,
    path: readonly SequenceRange[],
  ) {
    const list = createMessageList();
    for (const range of path)
      for (let { from } = range; ; ) {
        const limit = list.rows();
        const page = (yield* selectUp.all({ ...place, ...range, from, limit })).map(toMessage);
        list.add(page);
        const last = page.at(-1);
        if (!last || page.length < limit) break;
        from = last.sequence + 1;
      }
    return list.messages;
  }

  /** The matches of two lists, found in pieces between which others have their turn. */
  function* matchesOf(stored: readonly Message[], list: readonly NewMessage[]): Operation<Matches> {
    const steps = matchMessages(stored, list);
    for (let pace = createPace(); ; ) {
      const { done, value } = steps.next();
      if (done) return value;
      if (!pace.isDue()) continue;
      yield* selectNothing.first({});
      pace = createPace();
    }
  }

  /** The path of the active branch becomes that list. Gives how many places at its end were taken. */
  function* replaceMessages(
    owner: Owner,
    conversation: Conversation,
    list: readonly NewMessage[],
    nextSequence: number,
    stamp: Stamp | undefined,
  ): Operation<number> {
    const { tenantId, userId } = owner;
    const conversationId = conversation.id;
    const path = (yield* findPath(owner, conversationId, conversation.activeBranch)) ?? [];
    const place = { tenantId, userId, conversationId };
    let characters = 0;
    for (const range of path)
      characters += Number((yield* selectSize.first({ ...place, ...range }))?.characters ?? 0);
    if (characters > MAX_CHARACTERS) throw tooLong();
    const stored = yield* messagesOn(place, path);
    const shown = stored.filter(({ role }) => isShown(role));
    const { removed, places } = yield* matchesOf(shown, list);
    yield* deleteAll(owner, removed);
    if (stamp && removed.length)
      yield* append(eventAbout("messages_replaced", owner, conversationId, stamp, removed.length));

    // Words of strangers stay that where a client sends them with another time or id.
    const strange = new Set(
      removed.flatMap(({ content, turn }) => (turn?.isUntrusted ? content : [])),
    );
    let last = -1;
    let next = nextSequence;
    let isInPlace = true;
    const added: Message[] = [];
    const moved: Message[] = [];
    for (const place of places) {
      isInPlace &&= place.stored !== null && place.stored.sequence > last;
      if (isInPlace && place.stored) {
        last = place.stored.sequence;
      } else if (place.stored) {
        moved.push(place.stored);
        yield* moveMessage.run({ tenantId, userId, id: place.stored.id, sequence: next++ });
      } else {
        const mark = strange.has(place.added.content) && { turn: UNTRUSTED };
        added.push({ ...messageOf(conversationId, next++, place.added), ...mark });
      }
    }
    // What no client of this list sees stays up to where the list was changed.
    const changedFrom = Math.min(...[...removed, ...moved].map(({ sequence }) => sequence));
    const isStale = ({ role, sequence }: Message) => !isShown(role) && sequence > changedFrom;
    yield* deleteAll(owner, stored.filter(isStale));
    yield* insert.messages(owner, added);
    return next - nextSequence;
  }

  /** Replaces the list; gives the next sequence of the trunk. */
  function* replaceOnActive(
    owner: Owner,
    conversation: Conversation,
    list: readonly NewMessage[],
    trunkNext: number,
    stamp: Stamp | undefined,
  ): Operation<number> {
    const { id, activeBranch } = conversation;
    if (activeBranch === TRUNK)
      return trunkNext + (yield* replaceMessages(owner, conversation, list, trunkNext, stamp));
    const next = yield* branches.takePlaces(owner, id, activeBranch, 0);
    const taken = yield* replaceMessages(owner, conversation, list, next, stamp);
    yield* branches.takePlaces(owner, id, activeBranch, taken);
    return trunkNext;
  }

  return {
    *updateConversation(
      owner: Owner,
      id: string,
      patch: ConversationPatch,
      stamp?: Stamp,
    ): Operation<Conversation | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectOne.first({ tenantId, userId, id });
      if (!row) return null;
      const stored = toConversation(row);
      checkVersion(stored.updatedAt.getTime(), patch.onlyIf);
      const conversation = patched(stored, patch);
      if (patch.projectId) yield* projects.insist(owner, patch.projectId);
      const { activeBranch } = conversation;
      if (activeBranch !== TRUNK && activeBranch >= row.next_branch)
        throw noSuchBranch(activeBranch);
      const nextSequence = patch.messages
        ? yield* replaceOnActive(owner, conversation, patch.messages, row.next_sequence, stamp)
        : row.next_sequence;
      yield* update.run({
        tenantId,
        userId,
        id,
        title: conversation.title,
        isNamedByWords: patch.title === undefined ? row.is_named_by_words : 0,
        isPinned: conversation.isPinned ? 1 : 0,
        isArchived: conversation.isArchived ? 1 : 0,
        projectId: conversation.projectId ?? null,
        agentId: conversation.agentId,
        model: conversation.model,
        mode: conversation.mode,
        metadata: toJson(conversation.metadata ?? null),
        activeBranch,
        nextSequence,
        updatedAt: conversation.updatedAt.getTime(),
      });
      if (conversation.title !== row.title) yield* changes.titleChanged(owner, id);
      return conversation;
    },
  };
}

const isShown = (role: Role): boolean => SHOWN_ROLES.some((shown) => shown === role);
