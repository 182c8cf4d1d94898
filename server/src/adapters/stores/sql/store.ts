import type { Owner } from "../../../domain/principal.ts";
import type { NewRecord } from "../../../ports/archive.ts";
import type { SearchStore } from "../../../ports/search.ts";
import type { Store, TurnStore } from "../../../ports/store.ts";
import {
  exportRecords,
  iterateConversations,
  listMessages,
  type PausingRead,
} from "./iteration.ts";
import type { Reads, Writes } from "./operations.ts";
import type { Operation } from "./statement.ts";
import { begunTurn, finishedReply } from "./turn-results.ts";

type ResultOf<Name extends keyof Writes> =
  ReturnType<Writes[Name]> extends Operation<infer Result> ? Result : never;

/** Does a write, named so that it can be done elsewhere and done again; resolves once it is on disk. */
export type Write = <Name extends keyof Writes>(
  name: Name,
  ...given: Parameters<Writes[Name]>
) => Promise<ResultOf<Name>>;

/**
 * Whose rows an operation is about: an owner's, nobody's (the installation's keys), everyone's (the
 * operator's archive, and finding whose a conversation is), or those of servers that are gone.
 */
export type Scope = Owner | "nobody" | "everyone" | "replicas";

type Read = <Result>(scope: Scope, operation: Operation<Result>) => Promise<Result>;

export type Database = {
  readonly read: Read;
  /** The same, and lets the event loop go on before the next one. */
  readonly pausingRead: Read;
  readonly write: Write;
  readonly search: SearchStore["search"];
  readonly interruptAbandonedReplies: TurnStore["interruptAbandonedReplies"];
  ping(): Promise<void>;
  close(): Promise<void>;
};

const MAX_RECORDS_AT_ONCE = 500;
/** Of messages and prompts that go to the writer together: copying them for its thread takes the event loop some milliseconds. */
const MAX_CHARACTERS_AT_ONCE = 2 * 1024 * 1024;

const lengthOf = (record: NewRecord): number => {
  if (record.type === "message") return record.message.content.length;
  return record.type === "prompt" ? record.prompt.text.length : 0;
};

/** The records in parts that are written together. */
function* partsOf(records: readonly NewRecord[]): Generator<readonly NewRecord[]> {
  let start = 0;
  let characters = 0;
  for (const [index, record] of records.entries()) {
    const length = lengthOf(record);
    const isFull =
      index - start === MAX_RECORDS_AT_ONCE || characters + length > MAX_CHARACTERS_AT_ONCE;
    if (isFull && index > start) {
      yield records.slice(start, index);
      start = index;
      characters = 0;
    }
    characters += length;
  }
  if (start < records.length) yield records.slice(start);
}

/** The store over a database that does operations. */
export const createSqlStore = (reads: Reads, database: Database): Store => {
  const { read, pausingRead, write } = database;
  const pausingReadOf =
    (scope: Scope): PausingRead =>
    (operation) =>
      pausingRead(scope, operation);
  const readOf =
    (scope: Scope): PausingRead =>
    (operation) =>
      read(scope, operation);
  return {
    ping: () => database.ping(),
    close: () => database.close(),
    search: database.search,

    createConversation: (...given) => write("createConversation", ...given),
    getConversation: (owner, ...given) => read(owner, reads.getConversation(owner, ...given)),
    findConversationByAlias: (owner, ...given) =>
      read(owner, reads.findConversationByAlias(owner, ...given)),
    userOfConversation: (...given) => read("everyone", reads.userOfConversation(...given)),
    expiredConversations: (...given) => read("everyone", reads.expiredConversations(...given)),
    latestConversation: (owner, origin) => read(owner, reads.latestConversation(owner, origin)),
    listConversations: (owner, ...given) => read(owner, reads.listConversations(owner, ...given)),
    iterateConversations: (owner, options) =>
      iterateConversations(pausingReadOf(owner), reads, owner, options),
    updateConversation: (...given) => write("updateConversation", ...given),
    isNamedByWords: (owner, ...given) => read(owner, reads.isNamedByWords(owner, ...given)),
    nameConversation: (...given) => write("nameConversation", ...given),
    deleteConversation: (...given) => write("deleteConversation", ...given),

    appendMessage: async (owner, conversationId, message, ...given) => {
      const added = await write("appendMessages", owner, conversationId, [message], ...given);
      return added?.[0] ?? null;
    },
    appendMessages: (...given) => write("appendMessages", ...given),
    listMessages: (owner, conversationId, page) =>
      page?.limit === undefined && page?.before === undefined
        ? listMessages(readOf(owner), pausingReadOf(owner), reads, owner, conversationId, page)
        : read(owner, reads.listMessages(owner, conversationId, page)),
    listForks: (owner, ...given) => read(owner, reads.listForks(owner, ...given)),
    getMessage: (owner, ...given) => read(owner, reads.getMessage(owner, ...given)),
    deleteMessage: (...given) => write("deleteMessage", ...given),
    recentMessages: (owner, ...given) => read(owner, reads.recentMessages(owner, ...given)),

    beginTurn: async (owner, turn) => begunTurn(owner, turn, await write("beginTurn", owner, turn)),
    findRepeated: (owner, idempotency) => read(owner, reads.findRepeated(owner, idempotency)),
    lastKey: (owner, ...given) => read(owner, reads.lastKey(owner, ...given)),
    checkpoint: (...given) => write("checkpoint", ...given),
    noteSteps: (...given) => write("noteSteps", ...given),
    replySteps: (owner, ...given) => read(owner, reads.replySteps(owner, ...given)),
    openQuestions: (owner, ...given) => read(owner, reads.openQuestions(owner, ...given)),
    questionsOf: (owner, ...given) => read(owner, reads.questionsOf(owner, ...given)),
    signInQuestions: (owner, ...given) => read(owner, reads.signInQuestions(owner, ...given)),
    parkedReplies: (owner, ...given) => read(owner, reads.parkedReplies(owner, ...given)),
    expiredQuestions: (...given) => read("everyone", reads.expiredQuestions(...given)),
    parkReply: (...given) => write("parkReply", ...given),
    takeParked: (...given) => write("takeParked", ...given),
    decide: (...given) => write("decide", ...given),
    listGrants: (owner) => read(owner, reads.listGrants(owner)),
    isGranted: (owner, ...given) => read(owner, reads.isGranted(owner, ...given)),
    deleteGrant: (...given) => write("deleteGrant", ...given),
    finishReply: async (owner, replyId, end, hasCheckpoints) =>
      finishedReply(replyId, end, await write("finishReply", owner, replyId, end, hasCheckpoints)),
    truncateReply: (...given) => write("truncateReply", ...given),
    latestTurn: (owner, ...given) => read(owner, reads.latestTurn(owner, ...given)),
    replyRunningBefore: (owner, ...given) => read(owner, reads.replyRunningBefore(owner, ...given)),
    runningReplies: (owner, ...given) => read(owner, reads.runningReplies(owner, ...given)),
    getTurn: (owner, ...given) => read(owner, reads.getTurn(owner, ...given)),
    listTurns: (owner, query) => read(owner, reads.listTurns(owner, query)),
    turnRecords: (owner, ...given) => read(owner, reads.turnRecords(owner, ...given)),
    updateTurnRecord: (...given) => write("updateTurnRecord", ...given),
    removeTurn: (...given) => write("removeTurn", ...given),
    interruptAbandonedReplies: (now) => database.interruptAbandonedReplies(now),
    restoreReplaced: (...given) => write("restoreReplaced", ...given),
    forgetReplaced: (...given) => write("forgetReplaced", ...given),
    forgetIdempotencyKeys: (...given) => write("forgetIdempotencyKeys", ...given),

    createAgent: (...given) => write("createAgent", ...given),
    listAgents: (owner) => read(owner, reads.listAgents(owner)),
    getAgent: (owner, ...given) => read(owner, reads.getAgent(owner, ...given)),
    replaceAgent: (...given) => write("replaceAgent", ...given),
    deleteAgent: (...given) => write("deleteAgent", ...given),

    getProfile: (owner) => read(owner, reads.getProfile(owner)),
    putProfile: (...given) => write("putProfile", ...given),

    createPrompt: (...given) => write("createPrompt", ...given),
    listPrompts: (owner) => read(owner, reads.listPrompts(owner)),
    getPrompt: (owner, ...given) => read(owner, reads.getPrompt(owner, ...given)),
    replacePrompt: (...given) => write("replacePrompt", ...given),
    deletePrompt: (...given) => write("deletePrompt", ...given),

    switchMemory: (...given) => write("switchMemory", ...given),
    createMemory: (...given) => write("createMemory", ...given),
    listMemories: (owner) => read(owner, reads.listMemories(owner)),
    getMemory: (owner, ...given) => read(owner, reads.getMemory(owner, ...given)),
    changeMemory: (...given) => write("changeMemory", ...given),
    deleteMemory: (...given) => write("deleteMemory", ...given),
    deleteMemories: (...given) => write("deleteMemories", ...given),

    createProject: (...given) => write("createProject", ...given),
    listProjects: (owner) => read(owner, reads.listProjects(owner)),
    getProject: (owner, ...given) => read(owner, reads.getProject(owner, ...given)),
    changeProject: (...given) => write("changeProject", ...given),
    // Each piece a transaction: others are not kept waiting.
    async deleteProject(...given) {
      for (let conversations = 0; ; ) {
        const piece = await write("deleteProject", ...given);
        if (!piece) return null;
        conversations += piece.conversations;
        if (piece.isDeleted) return conversations;
      }
    },

    createFile: (...given) => write("createFile", ...given),
    getFile: (owner, ...given) => read(owner, reads.getFile(owner, ...given)),
    countFileBytes: (owner) => read(owner, reads.countFileBytes(owner)),
    deleteFile: (...given) => write("deleteFile", ...given),
    forgetUnusedFiles: (...given) => write("forgetUnusedFiles", ...given),
    usedDigests: (...given) => read("everyone", reads.usedDigests(...given)),

    createKey: (...given) => write("createKey", ...given),
    listKeys: () => read("nobody", reads.listKeys()),
    findKeyByHash: (...given) => read("nobody", reads.findKeyByHash(...given)),
    revokeKey: (...given) => write("revokeKey", ...given),
    noteClaimed: (...given) => write("noteClaimed", ...given),
    appendAuditEvents: (...given) => write("appendAuditEvents", ...given),
    listAuditEvents: (...given) => read("nobody", reads.listAuditEvents(...given)),
    reserveTokens: (...given) => write("reserveTokens", ...given),
    usedTokens: (owner, ...given) => read(owner, reads.usedTokens(owner, ...given)),
    settleTokens: (...given) => write("settleTokens", ...given),
    createShare: (...given) => write("createShare", ...given),
    listShares: (owner, ...given) => read(owner, reads.listShares(owner, ...given)),
    findShare: (...given) => read("everyone", reads.findShare(...given)),
    deleteShare: (...given) => write("deleteShare", ...given),
    keepSecret: (...given) => write("keepSecret", ...given),
    createBrowserSession: (...given) => write("createBrowserSession", ...given),
    findBrowserSession: (...given) => read("nobody", reads.findBrowserSession(...given)),
    endBrowserSessions: (...given) => write("endBrowserSessions", ...given),
    endedBrowserSessions: () => read("nobody", reads.endedBrowserSessions()),
    createInvitation: (...given) => write("createInvitation", ...given),
    listInvitations: (...given) => read("nobody", reads.listInvitations(...given)),
    findInvitationByHash: (...given) => read("nobody", reads.findInvitationByHash(...given)),
    invitedUsers: () => read("nobody", reads.invitedUsers()),
    findOpenInvitation: (...given) => read("nobody", reads.findOpenInvitation(...given)),
    acceptInvitation: (...given) => write("acceptInvitation", ...given),
    revokeInvitation: (...given) => write("revokeInvitation", ...given),
    createTicket: (...given) => write("createTicket", ...given),
    takeTicket: (...given) => write("takeTicket", ...given),
    openTicket: (...given) => write("openTicket", ...given),
    findSecret: (...given) => read("nobody", reads.findSecret(...given)),
    forgetTokenUsage: (...given) => write("forgetTokenUsage", ...given),

    getAcceptedTools: (source) => read("nobody", reads.getAcceptedTools(source)),
    putAcceptedTools: (...given) => write("putAcceptedTools", ...given),
    noteTriedCall: (...given) => write("noteTriedCall", ...given),
    getTokens: (owner, ...given) => read(owner, reads.getTokens(owner, ...given)),
    listSignIns: (owner) => read(owner, reads.listSignIns(owner)),
    signedInMeanwhile: (limit) => read("everyone", reads.signedInMeanwhile(limit)),
    begunSignIn: (owner, ...given) => read(owner, reads.begunSignIn(owner, ...given)),
    findBegunSignIn: (...given) => read("everyone", reads.findBegunSignIn(...given)),
    beginSignIn: (...given) => write("beginSignIn", ...given),
    takeBegunSignIn: (...given) => write("takeBegunSignIn", ...given),
    putTokens: (...given) => write("putTokens", ...given),
    claimRenewal: (...given) => write("claimRenewal", ...given),
    replaceTokens: (...given) => write("replaceTokens", ...given),
    endRenewal: (...given) => write("endRenewal", ...given),
    deleteTokens: (...given) => write("deleteTokens", ...given),
    countRevokedKeys: () => read("nobody", reads.countRevokedKeys()),
    isClaimed: () => read("nobody", reads.isClaimed()),

    countRecords: () => read("everyone", reads.countRecords()),
    exportRecords: () => exportRecords(pausingReadOf("everyone"), reads),
    // Each part a transaction: others are not kept waiting.
    async importRecords(records) {
      const taken: boolean[] = [];
      for (const part of partsOf(records)) taken.push(...(await write("importRecords", part)));
      return taken;
    },
  };
};
