import type { Speaker } from "../../domain/principal.ts";
import type { StartTurn, TurnParts } from "./turn.ts";
import type { Chosen } from "./turn-intent.ts";

/**
 * Whether the model that would answer may do so.
 * @param chosen what the conversation is answered by, where the request names no model
 * @throws AppError model_refused
 */
export async function checkModel(
  { store, models }: Pick<TurnParts, "store" | "models">,
  speaker: Speaker,
  request: Pick<StartTurn, "model">,
  chosen: Chosen,
): Promise<void> {
  const asked = request.model ?? chosen.model;
  const { agentId } = chosen;
  const agent = asked === null && agentId ? await store.getAgent(speaker, agentId) : null;
  const named = asked ?? agent?.model ?? null;
  await models.admit(named, speaker.models, whose(request, chosen));
}

const whose = (request: Pick<StartTurn, "model">, { model }: Chosen): string =>
  request.model !== null ? "the" : model !== null ? "the conversation's" : "the agent's";
