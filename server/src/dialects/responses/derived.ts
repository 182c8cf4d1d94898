// What is asked about an input instead of an answer to it: how long it is, and a shorter one that stands for it.
import type { FastifyInstance } from "fastify";
import type { JsonObject } from "../../domain/json.ts";
import { RepeatHeaders } from "../../http/idempotency.ts";
import { goneOf } from "../../http/when-closed.ts";
import { type Fields, fieldsOf, required } from "../openai/fields.ts";
import { idOf } from "../openai/ids.ts";
import type { Repeats } from "../openai/repeats.ts";
import { estimateRequest } from "../openai/usage.ts";
import { prepareResponse, type Ready } from "./begin.ts";
import { TAGS } from "./create.ts";
import type { Draft } from "./drafts.ts";
import type { InputPiece } from "./input-items.ts";
import type { ItemBody } from "./item-body.ts";
import { inputItems, itemIds } from "./items.ts";
import type { ResponsesParts } from "./parts.ts";
import { type Asked, readRequest } from "./request.ts";
import { secondsOf } from "./response.ts";
import { sealerOf } from "./seal.ts";
import { beginStateless } from "./stateless.ts";
import { type Ended, endOfSteps } from "./steps.ts";

const SUMMARISE =
  "Summarise this conversation for yourself, so that you can go on without having read it. Keep what was asked, what was decided and found out, names, numbers and what is still to be done. Answer with the summary alone.";

export function derivedRoutes(
  app: FastifyInstance,
  parts: ResponsesParts & { readonly repeats: Repeats },
): void {
  app.post(
    "/v1/responses/input_tokens",
    { schema: { tags: TAGS, summary: "Estimate how many tokens an input has" } },
    async (request, reply) => {
      const asked = await readRequest(request.body, request.headers);
      const { place, prompt } = await prepareResponse(parts, request.principal, asked);
      const tools = asked.echo.tools as readonly JsonObject[] | undefined;
      return reply.send({
        object: "response.input_tokens",
        input_tokens: await estimateRequest(await prompt(place.history), tools),
      });
    },
  );

  app.post(
    "/v1/responses/compact",
    {
      schema: {
        tags: TAGS,
        summary: "Make an input shorter: the user's messages and a summary",
        headers: RepeatHeaders,
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const asked = await compactRequest(fieldsOf(request.body));
      const ready = await prepareResponse(parts, principal, asked);
      const prompt = [
        ...(await ready.prompt(ready.place.history)),
        { role: "user", content: SUMMARISE } as const,
      ];
      const repeatedAs = await parts.repeats.idempotencyOf(request, principal);
      const repeats = { repeatedAs, mayComeBack: true };
      const running = await beginStateless(parts, principal, asked, prompt, repeats);
      const ended = await endOfSteps(running, goneOf(reply));
      if (ended?.error) throw ended.error;
      const sealer = await sealerOf(parts, principal);
      const summary = ({ outcome }: Ended) => sealer.seal("compaction", wordsIn(outcome.output));
      const { id, createdAt } = running.base;
      return reply.send({
        id: idOf("resp_", id),
        object: "response.compaction",
        created_at: secondsOf(createdAt),
        output: ended && compacted(id, ready, summary(ended)),
        usage: ended?.outcome.usage ?? null,
      });
    },
  );
}

/** What of a request counts where an input is compacted. */
function compactRequest(body: Fields): Promise<Asked> {
  const model = required(body.string("model"), body.at("model"));
  const named = ["instructions", "previous_response_id"].flatMap((name) =>
    body.has(name) ? [[name, body.any(name)] as const] : [],
  );
  const goesOn = body.has("previous_response_id") && !body.has("input");
  const input = goesOn ? {} : { input: body.any("input") };
  return readRequest(
    { model, store: false, ...input, ...Object.fromEntries(named) },
    {},
    { needsInput: !goesOn },
  );
}

/** The words of the messages among the items. */
const wordsIn = (items: readonly ItemBody[]): string =>
  items
    .flatMap(({ type, content }) => (type === "message" && Array.isArray(content) ? content : []))
    .map((part: JsonObject) => (typeof part.text === "string" ? part.text : ""))
    .join("");

/** The user's messages as they were, and the summary, sealed. */
function compacted(id: string, { place, drafts }: Ready, summary: string): ItemBody[] {
  const idFor = itemIds(id);
  return [
    ...place.history.filter(({ role }) => role === "user").flatMap(inputItems),
    ...drafts.flatMap((draft) => (draft.role === "user" ? [userItem(idFor("msg_"), draft)] : [])),
    { id: idFor("cmp_"), type: "compaction", encrypted_content: summary },
  ];
}

const userItem = (id: string, { pieces }: Extract<Draft, { role: "user" }>): ItemBody => ({
  id,
  type: "message",
  status: "completed",
  role: "user",
  content: pieces.map(pieceBody),
});

function pieceBody(piece: InputPiece): JsonObject {
  if (piece.type !== "file") return { type: "input_text", text: piece.text };
  const { kind, url } = piece.file;
  if (kind === "image") return { type: "input_image", detail: "auto", image_url: url };
  const filename = piece.file.name ?? "file";
  return url.startsWith("data:")
    ? { type: "input_file", filename, file_data: url }
    : { type: "input_file", filename, file_url: url };
}
