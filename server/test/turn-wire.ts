// A wire that hands everything of turns through as JSON, for tests of what the core gives to wires.
import { Readable } from "node:stream";
import type { AskModelOnce, StartTurn } from "../src/core/turns/turn.ts";
import { toAppError } from "../src/domain/errors.ts";
import { pulled } from "../src/domain/sink.ts";
import { admitRequests } from "../src/http/admission.ts";
import { STATUS } from "../src/http/statuses.ts";
import { whenClosed } from "../src/http/when-closed.ts";
import type { Wire } from "../src/http/wire.ts";
import type { WireParts } from "../src/wiring/wires.ts";
import type { TestServer } from "./shared-server.ts";
import { send } from "./wire-client.ts";

const ORIGIN = "turns";
const PATH = "/v1/chat/turns-of-tests";

/** What a turn is begun with, as JSON. */
export type Begin = Omit<
  StartTurn,
  "target" | "model" | "temperature" | "origin" | "idempotency"
> & {
  readonly conversationId?: string;
  readonly after?: string;
  readonly isHidden?: true;
};

async function* linesOf(first: unknown, rest: AsyncIterator<unknown>): AsyncGenerator<string> {
  yield `${JSON.stringify(first)}\n`;
  for (let next = await rest.next(); !next.done; next = await rest.next())
    yield `${JSON.stringify(next.value)}\n`;
}

export function turnWire({ admit, conversations, turns }: WireParts): Wire {
  return {
    name: ORIGIN,
    errorReply: (error) => ({
      status: STATUS[error.code],
      body: { code: error.code, message: error.message, field: error.field ?? null },
    }),
    routes(app) {
      admitRequests(app, {
        admit: (visitor) => admit(ORIGIN, visitor),
        userField: "user",
        requiresBearer: false,
        isOpenWire: true,
      });
      app.post(`${PATH}/ask`, async (request, reply) => {
        const gone = new AbortController();
        whenClosed(reply.raw, () => gone.abort());
        const asked = request.body as Omit<AskModelOnce, "origin">;
        const turn = await turns.ask(request.principal, { ...asked, origin: ORIGIN });
        const events = turn.follow(gone.signal)[Symbol.asyncIterator]();
        const { value } = await events.next();
        return reply.type("application/x-ndjson").send(Readable.from(linesOf(value, events)));
      });
      app.post(PATH, async (request) => {
        const { conversationId, after, isHidden, ...asked } = request.body as Begin;
        const place = after && { place: { kind: "after", messageId: after } as const };
        const draft = { ...conversations.draft(ORIGIN), ...(isHidden && { isHidden }) };
        const { replyId, branch, input, record, userMessage, conversation } = await turns.start(
          request.principal,
          {
            ...asked,
            content: asked.content ?? "",
            target: conversationId
              ? { kind: "existing", conversationId, ...place }
              : { kind: "new", conversation: draft },
            model: null,
            temperature: null,
            origin: ORIGIN,
            idempotency: null,
          },
        );
        const inputIds = input.map(({ id }) => id);
        return {
          replyId,
          branch,
          inputIds,
          record,
          about: userMessage.id,
          conversationId: conversation.id,
        };
      });
      app.get(`${PATH}/:id`, async (request) => {
        const { id } = request.params as { id: string };
        const turn = await turns.turnOf(request.principal, id);
        if (!turn) return { turn: null };
        const { stored, input, record } = turn;
        return {
          turn: {
            status: stored?.type ?? null,
            text: stored?.reply.content ?? null,
            input: input.map(({ id }) => id),
            record,
          },
        };
      });
      app.post(`${PATH}/:id/record`, async (request) => {
        const { id } = request.params as { id: string };
        await turns.updateRecord(
          request.principal,
          id,
          request.body as object as Record<string, string>,
        );
        return {};
      });
      app.get(`${PATH}/:id/pieces`, async (request, reply) => {
        const { id } = request.params as { id: string };
        const gone = new AbortController();
        whenClosed(reply.raw, () => gone.abort());
        const turn = await turns.turnOf(request.principal, id);
        if (!turn) throw toAppError(new Error("no such turn"));
        const pieces = pulled(turn.watchPieces, gone.signal);
        const { value } = await pieces.next();
        return reply.type("application/x-ndjson").send(Readable.from(linesOf(value, pieces)));
      });
    },
  };
}

/** A user of the wire. */
export function turnClient(server: Pick<TestServer, "url">, user: string) {
  const headers = { "x-user-id": user, "content-type": "application/json" };
  const call = async (method: string, path: string, body?: unknown) =>
    send(server as TestServer, method, `${PATH}${path}`, body, headers);
  return {
    begin: (turn: Begin) => call("POST", "", turn),
    turn: async (id: string) => (await call("GET", `/${id}`)).body.turn,
    setRecord: (id: string, record: object) => call("POST", `/${id}/record`, record),
    /** The lines of an answer as they come. */
    async *ask(asked: Omit<AskModelOnce, "origin">, signal?: AbortSignal) {
      yield* linesIn(
        await fetch(`${server.url}${PATH}/ask`, {
          method: "POST",
          headers,
          body: JSON.stringify(asked),
          ...(signal && { signal }),
        }),
      );
    },
    async *pieces(id: string, url = server.url) {
      yield* linesIn(await fetch(`${url}${PATH}/${id}/pieces`, { headers }));
    },
  };
}

async function* linesIn(response: Response): AsyncGenerator<Record<string, unknown>> {
  let left = "";
  const decoder = new TextDecoder();
  if (!response.ok || !response.body)
    throw new Error(`${response.status} ${await response.text()}`);
  for await (const bytes of response.body) {
    const lines = (left + decoder.decode(bytes, { stream: true })).split("\n");
    left = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}
