import type { Message } from "../../domain/message.ts";
import type { Speaker } from "../../domain/principal.ts";
import { errorOfEnding } from "../../domain/turn.ts";
import type { StartTurn, Turn, Turns } from "./turn.ts";

/**
 * Starts a turn with the conversation's own model, and waits for the reply.
 * @throws AppError why the message was not taken, or why there is no reply
 */
export async function wholeReply(
  turns: Turns,
  speaker: Speaker,
  request: Omit<StartTurn, "model" | "temperature">,
): Promise<{ readonly turn: Turn; readonly reply: Message }> {
  const turn = await turns.start(speaker, {
    ...{ usesServerTools: true, ...request },
    ...{ model: null, temperature: null },
  });
  const ending = await turn.ending;
  const problem = errorOfEnding(ending);
  if (problem) throw problem;
  return { turn, reply: ending.reply };
}
