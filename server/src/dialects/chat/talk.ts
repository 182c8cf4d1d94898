import type { AccessRequest } from "../../core/access/access.ts";
import type { LiveEvent, Turn } from "../../core/turns/turn.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { pushed } from "../../domain/sink.ts";
import { errorOfEnding } from "../../domain/turn.ts";
import type { OnMessage, Socket } from "../../http/socket.ts";
import { type Frame, readFrame } from "./frames.ts";
import { unusualEnding } from "./map.ts";
import { type ChatSocketParts, ORIGIN } from "./parts.ts";
import { targetOf } from "./target.ts";

type Message = Extract<Frame, { type: "message" }>;

/** The bound of a socket's unanswered messages together, in characters. */
const MAX_UNANSWERED = 4 * 1024 * 1024;
/** The characters that a message counts besides its own length. */
const OVERHEAD = 1024;
const POLICY_VIOLATION = 1008;

/**
 * What is said on one socket: messages are stored as they come and answered in that order, each
 * with one `response` or one `error`. What was begun goes on when the client leaves.
 */
export function openTalk(parts: ChatSocketParts, access: AccessRequest, socket: Socket): OnMessage {
  const { turns } = parts;
  const running = new Set<Turn>();
  /** Undefined until the first message, which continues the user's latest conversation. */
  let ownConversationId: string | undefined;
  let unanswered = 0;
  let started: Promise<unknown> = Promise.resolve();
  let answered: Promise<unknown> = Promise.resolve();

  const say = (type: "chunk" | "response" | "error", content: string, more: object = {}) =>
    socket.send(JSON.stringify({ type, content, ...more }));

  const sayError = (problem: unknown) => {
    const error = toAppError(problem);
    if (error.code === "internal") socket.report(error);
    const { textSoFar, retryAfterMs } = error;
    say("error", error.message, {
      ...(textSoFar !== undefined && { text_so_far: textSoFar }),
      ...(retryAfterMs !== undefined && { retry_after: Math.ceil(retryAfterMs / 1000) }),
    });
    if (error.code === "unauthenticated" || error.code === "forbidden")
      socket.close(POLICY_VIOLATION, "No longer allowed");
  };

  async function start(message: Message): Promise<Turn> {
    const claims = { ...access.claims, user_id: message.userId };
    const admit = await parts.admit(ORIGIN, access);
    const { principal } = await admit(claims);
    const begin = (conversationId: string | null | undefined) => {
      const target = targetOf(parts, conversationId);
      const { content } = message;
      const asked = {
        ...{ model: null, temperature: null, origin: ORIGIN, idempotency: null },
        usesServerTools: true,
      };
      return turns.start(principal, { target, content, ...asked });
    };
    const isUnnamed = message.conversationId === undefined;
    const wanted = isUnnamed ? ownConversationId : message.conversationId;
    const isOwn = isUnnamed && wanted !== undefined;
    const turn = await begin(wanted).catch((error: unknown) => {
      if (isOwn && error instanceof AppError && error.code === "not_found") return begin(null);
      throw error;
    });
    if (ownConversationId === undefined || wanted === null || isOwn)
      ownConversationId = turn.conversation.id;
    running.add(turn);
    return turn;
  }

  async function answer(turn: Turn, isStreamed: boolean): Promise<void> {
    try {
      if (isStreamed)
        await pushed<LiveEvent>(
          (sink) => turn.watch(0, sink),
          (events) => {
            for (const event of events) if (event.type === "delta") say("chunk", event.text);
            return undefined;
          },
          socket.gone,
        );
      const ending = await turn.ending;
      const problem = errorOfEnding(ending);
      if (problem) throw problem;
      say("response", ending.reply.content, {
        conversation_id: turn.conversation.id,
        ...unusualEnding(ending.reply),
      });
    } finally {
      running.delete(turn);
    }
  }

  async function stop(): Promise<void> {
    const principal = (await parts.decide(access))(access.claims);
    const ids = new Set([...running].map((turn) => turn.conversation.id));
    await Promise.allSettled([...ids].map((id) => turns.stop(principal, id)));
  }

  return (message) => {
    const weight = message.length + OVERHEAD;
    if (unanswered + weight > MAX_UNANSWERED)
      return sayError(
        new AppError("rate_limited", "Too many messages are already waiting for an answer"),
      );
    unanswered += weight;
    const starting = started.then(async () => {
      const frame = readFrame(message);
      if (frame.type === "stop") return stop();
      const turn = await start(frame);
      return () => answer(turn, frame.isStreamed);
    });
    started = starting.catch(() => {});
    answered = answered
      .then(async () => (await starting)?.())
      .catch(sayError)
      .finally(() => {
        unanswered -= weight;
      });
  };
}
