import type { Client, Reply } from "@colloquy/client";
import type { Running } from "./lines.ts";
import { NEW, SHOWN } from "./live-reply.ts";

/** Sends a message, the first of a conversation or the next; resolves once it is stored. @throws ColloquyError */
export function post(
  client: Client,
  { key, sending, snapshot, watching }: Running,
): Promise<Reply> {
  const { content = "", model, agentId, replaces } = sending ?? {};
  const options = { idempotencyKey: snapshot.id, ...SHOWN, signal: watching.signal };
  const asked = { content, ...(model && { model }) };
  return key === NEW
    ? client.conversations.start(
        { ...asked, keep_model: true, ...(agentId && { agent_id: agentId }) },
        options,
      )
    : client.messages.stream(
        key,
        { ...asked, ...(replaces && { replace_from: replaces }) },
        options,
      );
}
