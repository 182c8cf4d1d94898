import type { AuditEvent } from "../domain/audit.ts";
import type { Owner } from "../domain/principal.ts";
import type { Idempotency } from "./turn-requests.ts";

/** The tools of sources as an operator has accepted them. */
export interface AcceptedToolStore {
  /** As it was put; null: nothing was. @param source its label */
  getAcceptedTools(source: string): Promise<string | null>;
  /**
   * @param before what is there; null: nothing
   * @param events what the audit log says of it, in the same write
   * @returns false if something else is there, which stays
   */
  putAcceptedTools(
    source: string,
    before: string | null,
    text: string,
    events: readonly AuditEvent[],
  ): Promise<boolean>;
  /**
   * Notes that a call is made for a request, before it is made. @param callId a new one
   * @throws AppError conflict where a request with that key was here before
   */
  noteTriedCall(owner: Owner, idempotency: Idempotency, callId: string, at: Date): Promise<void>;
}
