import type { FastifyRequest } from "fastify";
import type { Static } from "typebox";
import type { StartTurn, TurnTarget } from "../../core/turns/turn.ts";
import { actorOf } from "../../domain/audit.ts";
import { idempotencyOf } from "../../http/idempotency.ts";
import { placeOf } from "./branches.ts";
import { type settingsInBody, settingsOf, settingsOfSteps } from "./model-settings.ts";
import { type ChatV1Parts, ORIGIN } from "./parts.ts";
import type { NewMessage, NewStreamedConversation } from "./schemas.ts";

type Asked = Pick<
  Static<typeof NewStreamedConversation>,
  "content" | "model" | "temperature" | "attachments" | "steps" | keyof typeof settingsInBody
>;

/** The turn that a message to that conversation is. */
export function existing(
  { principal }: Pick<FastifyRequest, "principal">,
  conversationId: string,
  body: Static<typeof NewMessage>,
): TurnTarget {
  const place = placeOf(body);
  const { replace_from: replaceFrom } = body;
  return {
    kind: "existing",
    conversationId,
    ...(place && { place }),
    ...(replaceFrom ? { replaceFrom, actor: actorOf(principal) } : {}),
  };
}

/** What a request asks of a turn. @throws AppError of its files: not_found, invalid_request, conflict, unprocessable */
export async function asked(
  { files }: Pick<ChatV1Parts, "files">,
  request: FastifyRequest,
  target: TurnTarget,
  { content, model, temperature, attachments = [], steps = false, ...settings }: Asked,
): Promise<StartTurn> {
  return {
    target,
    content,
    ...(attachments.length > 0 && {
      attachments: await files.attachments(request.principal, attachments),
    }),
    model: model || null,
    temperature: temperature ?? null,
    settings: steps ? settingsOfSteps(settings) : settingsOf(settings),
    runsClientTools: steps,
    usesServerTools: true,
    canAsk: steps,
    origin: ORIGIN,
    idempotency: idempotencyOf(request),
  };
}
