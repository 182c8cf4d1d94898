import { ColloquyError } from "./errors.ts";
import type { StopOptions } from "./options.ts";
import { type FollowOptions, followReply, type Progress, watchQuery } from "./stream.ts";
import { type ApiRequest, path } from "./transport.ts";
import type { Message, ReplyEvent } from "./wire.ts";

/**
 * A reply as it arrives. Iterate it once, to the end or until you leave the loop. Leaving the loop and
 * aborting the signal only stop watching; the reply is generated to its end and stored.
 * A lost connection is restored in the background, without a gap or a repetition.
 */
export type Reply = AsyncIterable<ReplyEvent> & {
  readonly conversationId: string;
  /** The message that is answered; null if watching began in the middle of the reply. */
  readonly userMessage: Message | null;
  /** The branch of the reply; null if watching began in the middle. */
  readonly branch: number | null;
  /** The value for `after` with which `messages.watch` continues; null before the first event. */
  readonly lastEventId: string | null;
  /**
   * Waits for the end and returns the reply as it is stored, `complete`, `interrupted` or `waiting`. Without an
   * iteration it reads the stream itself; otherwise it waits until the iteration is over.
   * @throws ColloquyError with the code of the reply's `error` when it failed
   */
  message(): Promise<Message>;
  /** The whole text after the reply has ended. Throws the errors of `message`. */
  text(): Promise<string>;
  /** Stops the reply itself, which ends as `interrupted`. False if it had ended before. */
  stop(): Promise<boolean>;
};

/** The functions that `createReply` needs to stop a reply. */
export type ReplyOptions = FollowOptions & {
  stopConversation(conversationId: string, options: StopOptions): Promise<boolean>;
};

/** Sends a message that starts a reply. Resolves when the message is stored, throws if it was not accepted. */
export async function startReply(
  opening: ApiRequest,
  conversationId: string | null,
  options: ReplyOptions,
): Promise<Reply> {
  const progress = progressAt(conversationId, null);
  const events = followReply(opening, progress, options);
  const { value: first } = await events.next();
  if (first?.type === "error") {
    await events.return();
    throw failure(first.data);
  }
  if (!first || progress.conversationId === null) throw failure(NO_ENDING);
  return createReply(first, events, progress, options);
}

/** Watches a running or recent reply. Resolves at its first event, or with null if there is none. */
export async function watchReply(
  conversationId: string,
  { after, branch }: { readonly after?: string | undefined; readonly branch?: number | undefined },
  options: ReplyOptions,
): Promise<Reply | null> {
  const progress = progressAt(conversationId, after ?? null);
  const opening: ApiRequest = {
    method: "GET",
    path: path`/conversations/${conversationId}/messages/stream`,
    query: { ...watchQuery(options), branch },
    signal: options.signal,
  };
  const events = followReply(opening, progress, options);
  const { value: first } = await events.next();
  return first ? createReply(first, events, progress, options) : null;
}

const progressAt = (conversationId: string | null, lastEventId: string | null): Progress => ({
  conversationId,
  lastEventId,
  userMessage: null,
  branch: null,
  text: "",
  ending: null,
});

function createReply(
  first: ReplyEvent,
  rest: AsyncGenerator<ReplyEvent, void, void>,
  progress: Progress,
  options: ReplyOptions,
): Reply {
  const conversationId = progress.conversationId ?? "";
  const state: { upcoming: ReplyEvent | null; isIterated: boolean; error: unknown } = {
    upcoming: first,
    isIterated: false,
    error: null,
  };
  let markOver = () => {};
  const over = new Promise<void>((resolve) => {
    markOver = resolve;
  });

  const iterator: AsyncIterableIterator<ReplyEvent, void, void> = {
    async next() {
      const value = state.upcoming;
      state.upcoming = null;
      try {
        const result: IteratorResult<ReplyEvent, void> =
          value === null ? await rest.next() : { value, done: false };
        if (result.done || progress.ending !== null) markOver();
        return result;
      } catch (error) {
        state.error = error;
        markOver();
        throw error;
      }
    },
    return() {
      state.upcoming = null;
      markOver();
      return rest.return();
    },
    [Symbol.asyncIterator]: () => iterator,
  };

  const message = async (): Promise<Message> => {
    if (state.isIterated) await over;
    else for await (const _ of iterator);
    if (state.error !== null) throw state.error;
    if (progress.ending === null) throw failure(NO_ENDING);
    if (progress.ending.type === "error") throw failure(progress.ending.data);
    return progress.ending.data;
  };

  return {
    conversationId,
    get userMessage() {
      return progress.userMessage;
    },
    get branch() {
      return progress.branch;
    },
    get lastEventId() {
      return progress.lastEventId;
    },
    [Symbol.asyncIterator]() {
      state.isIterated = true;
      return iterator;
    },
    message,
    text: async () => (await message()).content,
    // Without a branch every reply of the conversation is stopped, as long as it is the only one.
    stop: async () =>
      progress.ending === null
        ? options.stopConversation(
            conversationId,
            progress.branch ? { branch: progress.branch } : {},
          )
        : false,
  };
}

const NO_ENDING = {
  code: "UNEXPECTED_RESPONSE",
  message: "The stream was left, or ended, before the reply did",
};

type Told = { readonly code: string; readonly message: string; readonly retry_after?: number };

const failure = ({ code, message, retry_after: seconds }: Told): ColloquyError =>
  new ColloquyError(message, { code, retryAfterMs: seconds === undefined ? null : seconds * 1000 });
