// A wire of the least possible size, as its folder in `dialects/` would be.
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { wholeReply } from "../../src/core/turns/whole-reply.ts";
import { admitRequests } from "../../src/http/admission.ts";
import { idempotencyOf } from "../../src/http/idempotency.ts";
import { STATUS } from "../../src/http/statuses.ts";
import type { Wire } from "../../src/http/wire.ts";
import type { WireParts } from "../../src/wiring/wires.ts";

const ORIGIN = "toy";
/** Below a path of wire 004, and named like a parameter of it: each route is found all the same. */
const PATH = "/v1/chat/toy";

const Said = Type.Object({
  conversation: Type.Optional(Type.String()),
  text: Type.String(),
});
const Params = Type.Object({ conversation: Type.String() });

export function toyWire({ admit, conversations, turns }: WireParts): Wire {
  return {
    name: ORIGIN,
    errorReply: ({ code, message }) => ({ status: STATUS[code], body: { toy: message } }),
    routes(plain) {
      const app = plain.withTypeProvider<TypeBoxTypeProvider>();
      admitRequests(app, {
        admit: (visitor) => admit(ORIGIN, visitor),
        userField: "user",
        requiresBearer: false,
        isOpenWire: true,
      });
      app.post(PATH, { schema: { body: Said } }, async (request) => {
        const { conversation: conversationId, text } = request.body;
        const { turn, reply } = await wholeReply(turns, request.principal, {
          target:
            conversationId === undefined
              ? { kind: "new", conversation: conversations.draft(ORIGIN) }
              : { kind: "existing", conversationId },
          content: text,
          origin: ORIGIN,
          idempotency: idempotencyOf(request),
        });
        return { conversation: turn.conversation.id, text: reply.content };
      });
      app.get(`${PATH}/:conversation`, { schema: { params: Params } }, async (request) => {
        const { principal, params } = request;
        const messages = await conversations.messages(principal, params.conversation);
        return messages.map(({ role, content }) => ({ role, content }));
      });
    },
  };
}
