import type { SearchStore, Store } from "../../../ports/store.ts";
import { exportRecords, iterateConversations, type PausingRead } from "./iteration.ts";
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

export type Database = {
  readonly read: <Result>(operation: Operation<Result>) => Promise<Result>;
  readonly pausingRead: PausingRead;
  readonly write: Write;
  readonly search: SearchStore["search"];
  ping(): Promise<void>;
  close(): Promise<void>;
};

/** The store over a database that does operations. */
export const createSqlStore = (reads: Reads, database: Database): Store => {
  const { read, pausingRead, write } = database;
  return {
    ping: () => database.ping(),
    close: () => database.close(),
    search: database.search,

    createConversation: (...given) => write("createConversation", ...given),
    getConversation: (...given) => read(reads.getConversation(...given)),
    findConversationByAlias: (...given) => read(reads.findConversationByAlias(...given)),
    latestConversation: (owner, origin) => read(reads.latestConversation(owner, origin)),
    listConversations: (...given) => read(reads.listConversations(...given)),
    iterateConversations: (...given) => iterateConversations(pausingRead, reads, ...given),
    updateConversation: (...given) => write("updateConversation", ...given),
    deleteConversation: (...given) => write("deleteConversation", ...given),

    appendMessage: (...given) => write("appendMessage", ...given),
    listMessages: (...given) => read(reads.listMessages(...given)),
    getMessage: (...given) => read(reads.getMessage(...given)),
    deleteMessage: (...given) => write("deleteMessage", ...given),
    recentMessages: (...given) => read(reads.recentMessages(...given)),

    beginTurn: async (owner, turn) => begunTurn(owner, turn, await write("beginTurn", owner, turn)),
    checkpoint: (...given) => write("checkpoint", ...given),
    finishReply: async (owner, replyId, end) =>
      finishedReply(replyId, end, await write("finishReply", owner, replyId, end)),
    truncateReply: (...given) => write("truncateReply", ...given),
    latestTurn: (...given) => read(reads.latestTurn(...given)),
    getTurn: (...given) => read(reads.getTurn(...given)),
    interruptAbandonedReplies: (...given) => write("interruptAbandonedReplies", ...given),
    forgetIdempotencyKeys: (...given) => write("forgetIdempotencyKeys", ...given),

    createAgent: (...given) => write("createAgent", ...given),
    listAgents: (...given) => read(reads.listAgents(...given)),
    getAgent: (...given) => read(reads.getAgent(...given)),
    replaceAgent: (...given) => write("replaceAgent", ...given),
    deleteAgent: (...given) => write("deleteAgent", ...given),

    createKey: (...given) => write("createKey", ...given),
    listKeys: () => read(reads.listKeys()),
    findKeyByHash: (...given) => read(reads.findKeyByHash(...given)),
    revokeKey: (...given) => write("revokeKey", ...given),
    isClaimed: () => read(reads.isClaimed()),

    countRecords: () => read(reads.countRecords()),
    exportRecords: () => exportRecords(pausingRead, reads),
    importRecords: (...given) => write("importRecords", ...given),
  };
};
