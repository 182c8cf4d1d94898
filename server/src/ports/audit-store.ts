import type { AuditEvent } from "../domain/audit.ts";

/** An event with its place in the log: a later one has a higher number. */
export type StoredAuditEvent = AuditEvent & { readonly number: number };

/** The log of what happened to keys, sign-ins and data. No statement can change or delete any of it. */
export interface AuditStore {
  /** A `signed_in` of a subject that has signed in before is left out. */
  appendAuditEvents(events: readonly AuditEvent[]): Promise<void>;
  /** Newest first. @param page.before a number: only what is older */
  listAuditEvents(page: {
    readonly before?: number;
    readonly limit: number;
  }): Promise<StoredAuditEvent[]>;
}
