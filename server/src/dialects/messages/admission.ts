import type { FastifyInstance, FastifyReply } from "fastify";
import type { TokensLeft } from "../../core/access/budgets.ts";
import type { LimitState } from "../../core/access/limits.ts";
import { admitRequests } from "../../http/admission.ts";
import { credentialOrApiKey } from "../../http/request-facts.ts";
import { MAX_OPENAI_BODY_BYTES, userInHeaders } from "../openai/admission.ts";
import { type MessagesParts, ORIGIN } from "./parts.ts";

/** Admits requests to the routes that are registered after this call: the key comes as a bearer token or as `x-api-key`. */
export function admitMessages(
  app: FastifyInstance,
  { admit, now }: Pick<MessagesParts, "admit" | "now">,
): void {
  admitRequests(app, {
    admit: (visitor) => admit(ORIGIN, { ...visitor, ignoresOtherUsers: true }),
    credentialOf: credentialOrApiKey,
    claimsOf: userInHeaders,
    requiresBearer: true,
    isOpenWire: false,
    async onAdmitted(reply, { limit, tokensLeft }) {
      sendLimit(reply, "requests", limit, now());
      sendLimit(reply, "tokens", await tokensLeft(), now());
    },
  });
  app.addHook("onRoute", (route) => {
    route.bodyLimit ??= MAX_OPENAI_BODY_BYTES;
  });
  app.addHook("onSend", async (_request, reply) => sendHeaders(reply));
}

/** The headers of every answer; for a stream before it opens, since its head is sent then. */
export const sendHeaders = (reply: FastifyReply): void =>
  void reply.header("request-id", reply.request.id);

/** Puts the state of a limit or a budget into headers, if there is one. */
export function sendLimit(
  reply: FastifyReply,
  of: "requests" | "tokens",
  state: LimitState | TokensLeft | null,
  now: Date,
): void {
  if (!state) return;
  const name = `anthropic-ratelimit-${of}`;
  reply.header(`${name}-limit`, String(state.limit));
  reply.header(`${name}-remaining`, String(state.remaining));
  reply.header(`${name}-reset`, new Date(now.getTime() + state.resetMs).toISOString());
}
