import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import type { SourceView } from "../../core/tools/sources.ts";
import type { JsonObject } from "../../domain/json.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import { goneOf } from "../../http/when-closed.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers } from "./schemas.ts";

const tags = ["chat-v1"];
const MAX_TOOLS = 128;
const Params = Type.Object({ source: Type.String() });
const Schema = Type.Unknown({ description: "A JSON schema of its arguments." });

const ToolBody = Type.Object(
  {
    name: Type.String({ description: "As its source calls it." }),
    offered_as: Type.String({ description: "The name by which models ask for it." }),
    description: Type.String(),
    parameters: Schema,
    state: Type.Enum(["on", "changed", "new", "left_out"], {
      description:
        "`changed` and `new`: it is not as an operator has seen it, and off until one accepts it. `left_out`: the file of sources does not name it.",
    }),
    fingerprint: Type.String({
      description: "Names what its source says of it now; it is accepted by that.",
    }),
    accepted: Type.Union([
      Type.Object({ description: Type.String(), parameters: Schema }),
      Type.Null(),
    ]),
    only_reads: Type.Boolean(),
    asks: Type.Boolean({ description: "Its user is asked before each call." }),
    repeatable: Type.Boolean(),
  },
  { title: "ToolOfSource" },
);
const SourceBody = Type.Object(
  {
    label: Type.String(),
    place: Type.String({ description: "Its address or its program, without secrets." }),
    is_up: Type.Boolean(),
    wants_sign_in: Type.Boolean({ description: "Each user signs in to it." }),
    since: Type.String({ format: "date-time" }),
    problem: Type.Union([Type.String(), Type.Null()]),
    tools: Type.Array(ToolBody),
  },
  { title: "ToolSource" },
);

const SeenBody = Type.Object({
  name: Type.String({ description: "As its source calls it." }),
  fingerprint: Type.String(),
});

/** For operators: others get 403. */
export function toolRoutes(plain: FastifyInstance, { sources }: Pick<ChatV1Parts, "sources">) {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    "/v1/chat/tools",
    {
      schema: {
        tags,
        summary: "List the sources of tools; needs an operator",
        response: answers(200, Type.Array(SourceBody)),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: (await sources.list(principal)).map(sourceBody) }),
  );

  app.post(
    "/v1/chat/tools/:source/accept",
    {
      schema: {
        tags,
        summary: "Let models use tools as they were seen; needs an operator",
        description:
          "Each tool is named with the `fingerprint` that the list gave. A tool that has changed since is 409, and none is accepted.",
        params: Params,
        body: Type.Object({ tools: Type.Array(SeenBody, { maxItems: MAX_TOOLS }) }),
        response: answers(200, Type.Array(SourceBody)),
      },
    },
    async ({ principal, params, body }, reply) => {
      const list = await sources.accept(principal, params.source, body.tools);
      return reply.send({ success: true, data: list.map(sourceBody) });
    },
  );

  app.post(
    "/v1/chat/tools/:source/call",
    {
      schema: {
        tags,
        summary: "Call a tool once, to see what it does; needs an operator",
        headers: RepeatHeaders,
        params: Params,
        body: Type.Object({
          tool: Type.String(),
          arguments: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
        }),
        response: answers(
          200,
          Type.Object({ outcome: Type.String(), text: Type.String() }, { title: "TriedCall" }),
        ),
      },
    },
    async (request, reply) => {
      const { tool: name, arguments: given = {} } = request.body;
      const call = { label: request.params.source, name, given: given as JsonObject };
      const { outcome = "ok", text } = await sources.call(
        request.principal,
        call,
        idempotencyOf(request),
        goneOf(reply),
      );
      return reply.send({ success: true, data: { outcome, text } });
    },
  );
}

const sourceBody = ({
  isUp,
  since,
  wantsSignIn,
  tools,
  ...source
}: SourceView): Static<typeof SourceBody> => ({
  ...source,
  is_up: isUp,
  wants_sign_in: wantsSignIn,
  since: since.toISOString(),
  tools: tools.map(({ offeredAs, effect, isRepeatable, accepted, ...tool }) => ({
    ...tool,
    accepted: accepted && { description: accepted.description, parameters: accepted.parameters },
    offered_as: offeredAs,
    only_reads: effect === "reads",
    repeatable: isRepeatable,
  })),
});
