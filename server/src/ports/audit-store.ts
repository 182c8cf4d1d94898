import type { AuditEvent } from "../domain/audit.ts";

/** An event with its place in the log: a later one has a higher number. */
export type StoredAuditEvent = AuditEvent & { readonly number: number };

/** What happened to keys, sign-ins and data. Nothing of it can be changed or deleted, by no statement. */
export interface AuditStore {
  /** A `signed_in` about what has signed in before is left out. */
  appendAuditEvents(events: readonly AuditEvent[]): Promise<void>;
  /** Newest first. @param page.before a number: only what is older */
  listAuditEvents(page: {
    readonly before?: number;
    readonly limit: number;
  }): Promise<StoredAuditEvent[]>;
}
