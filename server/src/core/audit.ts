import type { ConnectionFacts } from "../domain/access.ts";
import { type AuditEvent, actorOf } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import type { ToolOutcome } from "../domain/parts.ts";
import type { Owner, Principal, Proof } from "../domain/principal.ts";
import type { AuditStore } from "../ports/audit-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { DecideAccess } from "./access/access.ts";

/** Notes a call of a tool that has ended. Never throws. */
export type NoteCall = (call: {
  /** For whom it was made. */
  readonly owner: Owner;
  /** `reply <id>` where a model asked for it, otherwise as `actorOf` says. */
  readonly actor: string;
  readonly source: string;
  /** The name by which models ask for it. */
  readonly tool: string;
  readonly outcome: ToolOutcome;
}) => void;

/** Writes first sign-ins, refusals and calls of tools to the audit log. The store itself writes keys and deletions to it. */
export type Audit = {
  /** The same decision, which is also written to the log. */
  noted(decide: DecideAccess): DecideAccess;
  readonly noteCall: NoteCall;
  /** Writes the waiting events every second, until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Writes the events that are still waiting. */
  flush(): Promise<void>;
};

const FLUSH_MS = 1000;
/** Refusals of one kind from one address are written once, and after that as one event with their number. */
const REFUSALS_MS = 60_000;
const MAX_KINDS = 1000;
const MAX_KNOWN = 50_000;
const MAX_WAITING = 10_000;
/** Of one transaction, so that nobody waits long for it. */
const MAX_WRITTEN = 500;

/** What the log calls the credential; null: it is none that somebody was given. */
const nameOf = (proof: Proof): string | null => {
  if (proof.kind === "key") return proof.keyId;
  if (proof.kind === "token") return proof.fingerprint;
  return proof.kind === "session" ? proof.sessionId : null;
};

type Refusals = { readonly event: AuditEvent; readonly since: number; count: number };

export function createAudit(store: Pick<AuditStore, "appendAuditEvents">, clock: Clock): Audit {
  let waiting: AuditEvent[] = [];
  const known = new Set<string>();
  const refusals = new Map<string, Refusals>();

  const add = (event: AuditEvent): void => {
    if (waiting.length < MAX_WAITING) waiting.push(event);
  };

  const letIn = (principal: Principal, { address }: ConnectionFacts): void => {
    const { proof, tenantId, userId } = principal;
    const about = nameOf(proof);
    if (about === null) return;
    if (known.has(about)) return;
    if (known.size >= MAX_KNOWN) known.clear();
    known.add(about);
    const actor = actorOf(principal);
    const at = clock.now();
    add({
      at,
      action: "signed_in",
      tenantId,
      userId,
      actor,
      address,
      about,
      reason: null,
      count: 1,
    });
  };

  const refused = (reason: string, { address }: ConnectionFacts): void => {
    const now = clock.now();
    const isCrowded = refusals.size >= MAX_KINDS;
    const kind = isCrowded ? reason : `${reason} ${address}`;
    const same = refusals.get(kind);
    if (same) {
      same.count++;
      return;
    }
    const nobody = { tenantId: null, userId: null, actor: null, about: null };
    const event: AuditEvent = {
      at: now,
      action: "refused",
      ...nobody,
      address: isCrowded ? null : address,
      reason,
      count: 1,
    };
    add(event);
    refusals.set(kind, { event, since: now.getTime(), count: 0 });
  };

  const sumUp = (isLast: boolean): void => {
    const now = clock.now();
    for (const [kind, { event, since, count }] of refusals) {
      if (!isLast && Math.abs(now.getTime() - since) < REFUSALS_MS) continue;
      refusals.delete(kind);
      if (count > 0) add({ ...event, at: now, count });
    }
  };

  /** Writes what is waiting now; what comes meanwhile is for the next time. */
  async function write(): Promise<void> {
    for (let left = waiting.length; left > 0; left -= MAX_WRITTEN) {
      const events = waiting.splice(0, Math.min(left, MAX_WRITTEN));
      try {
        await store.appendAuditEvents(events);
      } catch {
        waiting = [...events, ...waiting].slice(0, MAX_WAITING);
        return;
      }
    }
  }

  return {
    noteCall: ({ owner: { tenantId, userId }, actor, source, tool, outcome }) =>
      add({
        at: clock.now(),
        action: "tool_called",
        ...{ tenantId, userId, actor, address: null, about: `${source}/${tool}` },
        ...{ reason: outcome, count: 1 },
      }),
    noted: (decide) => async (visitor) => {
      const { connection } = visitor;
      const note = (error: unknown): void => {
        if (error instanceof AppError && /^(?:unauthenticated|forbidden)$/.test(error.code))
          refused(error.code, connection);
      };
      try {
        const actAs = await decide(visitor);
        return (claims) => {
          try {
            const principal = actAs(claims);
            letIn(principal, connection);
            return principal;
          } catch (error) {
            note(error);
            throw error;
          }
        };
      } catch (error) {
        note(error);
        throw error;
      }
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(FLUSH_MS, signal).catch(() => {});
        sumUp(false);
        await write();
      }
    },
    async flush() {
      sumUp(true);
      await write();
    },
  };
}
