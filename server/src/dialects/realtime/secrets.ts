import type { FastifyInstance } from "fastify";
import { OpenAiError } from "../openai/errors.ts";
import { fieldsOf, invalid } from "../openai/fields.ts";
import { idOf } from "../openai/ids.ts";
import type { RealtimeParts } from "./parts.ts";
import { DEFAULT_SETTINGS, sessionBody, withSession } from "./settings.ts";

const MIN_SECONDS = 10;
const MAX_SECONDS = 7200;
const USUAL_SECONDS = 600;
const MAX_SESSION_CHARACTERS = 64 * 1024;

/** Secrets that a page may have, since they open sessions and nothing else, for a while. */
export function secretRoutes(
  app: FastifyInstance,
  { tickets, models, newId }: Pick<RealtimeParts, "tickets" | "models" | "newId">,
): void {
  app.post(
    "/v1/realtime/client_secrets",
    {
      schema: {
        tags: ["realtime"],
        summary: "Get a secret with which a page opens Realtime sessions",
        description: `\`expires_after\` (\`anchor\` created_at, \`seconds\` ${MIN_SECONDS} to ${MAX_SECONDS}; default ${USUAL_SECONDS}) and \`session\`, as in a session.update. The secret opens sockets with that session until then, as whoever asked for it, and opens nothing else.`,
      },
    },
    async ({ body, principal }) => {
      const fields = fieldsOf(body);
      const lasting = fields.object("expires_after");
      lasting?.oneOf("anchor", ["created_at"]);
      const seconds =
        lasting?.integer("seconds", { min: MIN_SECONDS, max: MAX_SECONDS }) ?? USUAL_SECONDS;
      const session = fields.object("session") ?? fieldsOf({}, "session");
      const settings = withSession(DEFAULT_SETTINGS, session);
      const text = JSON.stringify(session.whole);
      if (text.length > MAX_SESSION_CHARACTERS)
        throw new OpenAiError(
          "invalid_request",
          "string_above_max_length",
          `Invalid 'session': at most ${MAX_SESSION_CHARACTERS} characters of JSON are taken.`,
          "session",
        );
      if (principal.proof.kind === "open")
        throw invalid("session", "A client secret needs a key: nobody could be named by it.");
      const { secret, expiresAt } = await tickets.issueSecret(principal, text, seconds * 1000);
      const model = session.string("model") ?? models.nameOf(null);
      return {
        value: secret,
        expires_at: Math.floor(expiresAt.getTime() / 1000),
        session: sessionBody(settings, { id: idOf("sess_", newId()), model, expiresAt }),
      };
    },
  );
}
