import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Admit } from "../../core/access/admission.ts";
import { type AdmissionOptions, admitRequests } from "../../http/admission.ts";
import { credentialOf, credentialOrApiKey } from "../../http/request-facts.ts";
import { sendHeaders, sendLimit, sendTokensLeft } from "./headers.ts";

/** Pictures and files are base64 in a body, and whole histories come with every request. */
export const MAX_OPENAI_BODY_BYTES = 32 * 1024 * 1024;

type OpenAiAdmission = AdmissionOptions<Awaited<ReturnType<Awaited<ReturnType<Admit>>>>>;

/**
 * Who may use such a wire: as on wire 004, except that a user id in a header counts only from a key that may act for
 * others, since front ends send it unasked.
 * @param wire the name by which requests are counted
 */
export const admissionOf = (admit: Admit, wire: string): OpenAiAdmission => ({
  admit: (visitor) => admit(wire, { ...visitor, ignoresOtherUsers: true }),
  // Clients of the Messages API ask for the list of models, too.
  credentialOf: (headers, sessionSecret) =>
    headers["anthropic-version"] === undefined
      ? credentialOf(headers, sessionSecret)
      : credentialOrApiKey(headers, sessionSecret),
  claimsOf: userInHeaders,
  requiresBearer: true,
  isOpenWire: false,
  async onAdmitted(reply, { limit, tokensLeft }) {
    sendLimit(reply, limit);
    sendTokensLeft(reply, await tokensLeft());
  },
});

/** Admits requests to the routes that are registered after this call, and gives their answers OpenAI's headers. They take larger bodies. */
export function admitOpenAi(app: FastifyInstance, admit: Admit, wire: string): void {
  admitRequests(app, admissionOf(admit, wire));
  app.addHook("onRoute", (route) => {
    route.bodyLimit ??= MAX_OPENAI_BODY_BYTES;
  });
  app.addHook("onSend", async (_request, reply) => sendHeaders(reply));
}

/** The user ids that a request claims. */
export const userInHeaders = ({ headers }: Pick<FastifyRequest, "headers">) => ({
  "X-User-ID": headerText(headers["x-user-id"]),
  "X-OpenWebUI-User-Id": headerText(headers["x-openwebui-user-id"]),
});

/** The header's value; a placeholder that its sender has not filled in counts as absent. */
export const headerText = (value: string | string[] | undefined): string | undefined =>
  typeof value === "string" && value !== "" && !value.includes("{{") ? value : undefined;
