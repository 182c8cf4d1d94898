import type { Client, Reply } from "@colloquy/client";
import type { Running } from "./lines.ts";
import { NEW, SHOWN } from "./live-reply.ts";

/**
 * Sends a message, the first of a conversation or the next; resolves once it is stored.
 * @param branch the one at whose end it is said; undefined: the active one
 * @throws ColloquyError
 */
export function post(
  client: Client,
  { key, sending, snapshot, watching }: Running,
  branch: number | undefined,
): Promise<Reply> {
  const { content = "", files = [], model, agentId, projectId, isTemporary } = sending ?? {};
  const { replaces, isAnswerAgain } = sending ?? {};
  const options = { idempotencyKey: snapshot.id, ...SHOWN, signal: watching.signal };
  const choice = model ? { model } : {};
  if (replaces && isAnswerAgain)
    return client.messages.stream(key, { answer_again: replaces, steps: true, ...choice }, options);
  const said = {
    content,
    steps: true,
    ...(files.length > 0 && { attachments: files.map(({ id }) => id) }),
    ...choice,
  };
  if (key === NEW)
    return client.conversations.start(
      {
        ...said,
        keep_model: true,
        ...(agentId && { agent_id: agentId }),
        ...(projectId && { project_id: projectId }),
        ...(isTemporary && { is_temporary: true }),
      },
      options,
    );
  const place = replaces ? { branch_from: replaces } : { branch };
  return client.messages.stream(key, { ...said, ...place }, options);
}
