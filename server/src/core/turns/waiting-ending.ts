import { documentOf, type Message } from "../../domain/message.ts";
import type { Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import type { Waiting } from "../../domain/turn.ts";
import type { TurnParts } from "./turn.ts";

/** What watchers get of a reply that waits for a decision or a result, and that no server has. Never rejects. */
export async function waitingOf(
  { store }: { readonly store: Pick<TurnParts["store"], "questionsOf"> },
  owner: Owner,
  reply: Message,
  parts: readonly Part[],
): Promise<Waiting> {
  const asked = await store.questionsOf(owner, reply.id).catch(() => []);
  const said = documentOf(parts);
  return {
    type: "waiting",
    position: said.content.length,
    reply: { ...reply, ...said },
    questions: asked.filter(({ decision }) => decision === null),
  };
}
