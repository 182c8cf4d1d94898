import { type AppError, toAppError } from "../../domain/errors.ts";
import { errorOf } from "../openai/errors.ts";
import { idOf } from "../openai/ids.ts";

/** Sends an event; each gets an id of its own. */
export type Tell = (type: string, fields: object) => void;

export const createTell =
  (send: (text: string) => void, newId: () => string): Tell =>
  (type, fields) =>
    send(JSON.stringify({ type, event_id: idOf("event_", newId()), ...fields }));

/** @param clientEventId the id of the client's event that it is about; null: it is about none, or has none */
export function tellError(tell: Tell, problem: unknown, clientEventId: string | null): AppError {
  const error = toAppError(problem);
  tell("error", { error: { ...errorOf(error), event_id: clientEventId } });
  return error;
}
