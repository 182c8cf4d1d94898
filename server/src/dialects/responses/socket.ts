// The Responses API on a WebSocket: one response after the other, and the last one is remembered.
import type { Visitor } from "../../core/access/access.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { type Part, textOf } from "../../domain/parts.ts";
import type { Principal } from "../../domain/principal.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import { parseJsonText } from "../../http/json-text.ts";
import type { Handshake, OnMessage, Socket, SocketHandler } from "../../http/socket.ts";
import { userInHeaders } from "../openai/admission.ts";
import { errorOf, errorReply, notHere } from "../openai/errors.ts";
import { fieldsOf, invalid } from "../openai/fields.ts";
import { durationIn } from "../openai/headers.ts";
import { idOf } from "../openai/ids.ts";
import { goOnApproved } from "./approvals.ts";
import { prepareResponse, type Ready, type Remembered, startStored } from "./begin.ts";
import { ORIGIN, type ResponsesParts } from "./parts.ts";
import { promptOfDraft } from "./prompt.ts";
import { type Asked, readRequest } from "./request.ts";
import { eventsOf } from "./sse.ts";
import { beginStateless } from "./stateless.ts";
import type { Running } from "./steps.ts";
import { runningOf } from "./stored.ts";

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** As of a request's body. */
const JSON_BOUNDS = { maxDepth: 100, maxValues: 1_000_000 };
/** The bound of a socket's unanswered messages together, in characters. */
const MAX_UNANSWERED = MAX_MESSAGE_BYTES;
/** The characters that a message counts besides its own length. */
const OVERHEAD = 1024;
/** Of what is remembered of responses that are not kept. */
const MAX_REMEMBERED = 4 * MAX_MESSAGE_BYTES;
const POLICY_VIOLATION = 1008;
const NORMAL_CLOSURE = 1000;

type Opened = {
  readonly visitor: Visitor;
  readonly claims: Readonly<Record<string, string | undefined>>;
  readonly headers: Handshake["headers"];
};

export function responsesSocket(parts: ResponsesParts): SocketHandler {
  return {
    matches: ({ pathname }) => pathname === "/v1/responses" || pathname === "/v1/responses/",
    maxMessageBytes: MAX_MESSAGE_BYTES,
    errorReply,
    async accept({ connection, credential, headers }) {
      const visitor = {
        connection,
        credential,
        requiresBearer: true,
        isOpenWire: false,
        ignoresOtherUsers: true,
      };
      const claims = userInHeaders({ headers });
      const principal = (await parts.decide(visitor))(claims);
      return {
        principal,
        errorMessage: (error) => JSON.stringify(errorEvent(error)),
        open: (socket) => openResponses(parts, { visitor, claims, headers }, socket),
      };
    },
  };
}

const errorEvent = (error: AppError) => ({
  type: "error",
  status: errorReply(error).status,
  error: errorOf(error),
});

const tooOld = (sessionMs: number): AppError =>
  new AppError(
    "conflict",
    `This connection has been open for ${durationIn(sessionMs)}. Open another one; responses that were stored can be gone on from there`,
  );

function openResponses(parts: ResponsesParts, opened: Opened, socket: Socket): OnMessage {
  let remembered: Remembered | null = null;
  let unanswered = 0;
  let answered: Promise<unknown> = Promise.resolve();

  const sayError = (problem: unknown) => {
    const error = toAppError(problem);
    if (error.code === "internal") socket.report(error);
    socket.send(JSON.stringify(errorEvent(error)));
    if (error.code === "unauthenticated" || error.code === "forbidden")
      socket.close(POLICY_VIOLATION, "No longer allowed");
  };
  const timer = setTimeout(() => {
    const told = errorEvent(tooOld(parts.sessionMs));
    const error = { ...told.error, code: "websocket_connection_limit_reached" };
    socket.send(JSON.stringify({ ...told, status: 400, error }));
    socket.close(NORMAL_CLOSURE, "The connection is too old");
  }, parts.sessionMs).unref();
  socket.whenGone(() => clearTimeout(timer));

  async function answer(text: string): Promise<void> {
    try {
      const admit = await parts.admit(ORIGIN, opened.visitor);
      const { principal } = await admit(opened.claims);
      const asked = await readMessage(text, opened.headers);
      const goesOn = await goOnApproved(parts, principal, asked);
      if (goesOn) {
        remembered = null;
        return await tellAll(await runningOf(parts, principal, goesOn.turn, goesOn.stage));
      }
      const ready = await prepareResponse(parts, principal, asked, remembered);
      const running = await begin(parts, principal, asked, ready);
      remembered = await tell(running, ready);
    } catch (error) {
      remembered = null;
      throw error;
    }
  }

  /** Sends the events; gives what is remembered of the response. */
  async function tell(running: Running, ready: Ready): Promise<Remembered | null> {
    let kept: Remembered | null = null;
    const noted: Running = {
      ...running,
      async *steps(signal) {
        for await (const step of running.steps(signal)) {
          if (step.type === "ended" && step.outcome.status !== "failed" && step.said)
            kept = await afterwards(running, ready, step.said);
          yield step;
        }
      },
    };
    await tellAll(noted);
    return kept;
  }
  async function tellAll(running: Running): Promise<void> {
    for await (const events of eventsOf(running, socket.gone))
      for (const event of events) socket.send(JSON.stringify(event));
  }

  return (message) => {
    if (typeof message !== "string")
      return sayError(new AppError("invalid_request", "Send messages as text, in JSON"));
    const weight = message.length + OVERHEAD;
    if (unanswered + weight > MAX_UNANSWERED)
      return sayError(
        new AppError("rate_limited", "Too many messages are already waiting for an answer"),
      );
    unanswered += weight;
    answered = answered
      .then(() => (socket.isGone ? undefined : answer(message)))
      .catch(sayError)
      .finally(() => {
        unanswered -= weight;
      });
  };
}

/** @throws AppError invalid_request */
async function readMessage(text: string, headers: Handshake["headers"]): Promise<Asked> {
  const value = await parseJsonText(text, JSON_BOUNDS);
  const fields = fieldsOf(value);
  if (fields.string("type") !== "response.create")
    throw invalid("type", "type must be response.create: there are no other messages here");
  for (const name of ["stream", "stream_options", "background"])
    if (fields.has(name))
      throw notHere(name, `${name} means nothing on a WebSocket, which streams. Leave it out`);
  return readRequest(value, headers);
}

async function begin(
  parts: ResponsesParts,
  principal: Principal,
  asked: Asked,
  ready: Ready,
): Promise<Running> {
  if (!ready.isKept)
    return beginStateless(parts, principal, asked, await ready.prompt(ready.place.history));
  const turn = await startStored(parts, principal, asked, ready, null);
  return runningOf(parts, principal, turn);
}

/** What is remembered once the response has ended; null where that is too much. */
async function afterwards(
  { base }: Running,
  { place, drafts }: Ready,
  said: readonly Part[],
): Promise<Remembered | null> {
  const messages = [
    ...place.remembered,
    ...drafts.map(promptOfDraft),
    { role: "assistant" as const, content: textOf(said), parts: said },
  ];
  const sizes = await mapInPieces(messages, (message) => JSON.stringify(message).length);
  const size = sizes.reduce((sum, characters) => sum + characters, 0);
  return size > MAX_REMEMBERED ? null : { id: idOf("resp_", base.id), messages };
}
