import { actorOf } from "../../domain/audit.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import {
  DEFAULT_INVITATION_DAYS,
  DEFAULT_INVITED_SESSION_DAYS,
  type Invitation,
  MAX_INVITATION_DAYS,
  MAX_INVITED_SESSION_DAYS,
} from "../../domain/invitation.ts";
import { checkPatterns, type ModelPatterns } from "../../domain/model-patterns.ts";
import { LOCAL_TENANT, type Principal } from "../../domain/principal.ts";
import { checkName } from "../../domain/text.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { InvitationStore, MintInvitation } from "../../ports/invitation-store.ts";
import type { OwnedIdempotency } from "../../ports/turn-requests.ts";
import { checkOperator } from "./operators.ts";

/** What is absent, null or empty gets its default. */
export type InvitationDraft = {
  /** What the list calls it. */
  readonly name?: string | null | undefined;
  /** Who invites, as the invited person reads it. */
  readonly invitedBy?: string | null | undefined;
  /** Default: a user who has nothing yet. */
  readonly userId?: string | null | undefined;
  readonly tenantId?: string | null | undefined;
  readonly isOperator?: boolean | undefined;
  /** Default: every model of the server. An empty list is refused. */
  readonly models?: ModelPatterns | null | undefined;
  /** How long it can be accepted. */
  readonly expiresInDays?: number | null | undefined;
  /** How long the person stays signed in. */
  readonly sessionDays?: number | null | undefined;
};

export type CreatedInvitation = {
  readonly invitation: Invitation;
  /** What the link ends with. It is stored nowhere. */
  readonly secret: string;
};

/** What operators do with invitations. Anybody else gets AppError forbidden. */
export type Invitations = {
  /** @throws AppError invalid_request, conflict */
  create(
    by: Operator,
    draft: InvitationDraft,
    idempotency?: OwnedIdempotency | null,
  ): Promise<CreatedInvitation>;
  /** Newest first: those that are open, and those whose session has not expired. */
  list(by: Operator): Promise<Invitation[]>;
  /** Ends its session, too, where it was accepted. @throws AppError not_found */
  revoke(by: Operator, invitationId: string): Promise<void>;
};

/** Absent proof: a user with access to the machine. */
type Operator = Pick<Principal, "isOperator"> & Partial<Pick<Principal, "proof">>;

const FOR_OPERATORS = "Invitations are";
const DAY_MS = 24 * 3_600_000;

const actorOfOperator = ({ proof }: Operator): string =>
  proof ? actorOf({ proof }) : "command line";

/** @throws AppError invalid_request */
function checkDays(days: number, max: number, field: string): number {
  if (Number.isInteger(days) && days >= 1 && days <= max) return days;
  throw new AppError("invalid_request", `${field} must be 1 to ${max}`, { field });
}

export function createInvitations(parts: {
  readonly store: Pick<
    InvitationStore,
    "createInvitation" | "listInvitations" | "revokeInvitation"
  >;
  readonly clock: Pick<Clock, "now">;
  readonly newId: NewId;
  readonly mint: MintInvitation;
}): Invitations {
  const { store, clock, newId, mint } = parts;
  const check = (by: Operator) => checkOperator(by, FOR_OPERATORS);

  return {
    async create(by, draft, idempotency) {
      check(by);
      const { name, invitedBy, userId, tenantId, isOperator = false, models } = draft;
      if (name) checkName(name, "name");
      if (invitedBy) checkName(invitedBy, "invited_by");
      if (userId) checkName(userId, "user_id");
      if (tenantId) checkName(tenantId, "tenant_id");
      if (models) checkPatterns(models, "models");
      const openDays = checkDays(
        draft.expiresInDays ?? DEFAULT_INVITATION_DAYS,
        MAX_INVITATION_DAYS,
        "expires_in_days",
      );
      const sessionDays = checkDays(
        draft.sessionDays ?? DEFAULT_INVITED_SESSION_DAYS,
        MAX_INVITED_SESSION_DAYS,
        "session_days",
      );
      const { secret, hash } = mint();
      const createdAt = clock.now();
      const invitation: Invitation = {
        id: newId(),
        hash,
        name: name ?? "",
        invitedBy: invitedBy ?? "",
        tenantId: tenantId || LOCAL_TENANT,
        userId: userId || newId(),
        isOperator,
        models: models ?? null,
        sessionMs: sessionDays * DAY_MS,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + openDays * DAY_MS),
        acceptedAt: null,
      };
      await store.createInvitation(invitation, actorOfOperator(by), idempotency);
      return { invitation, secret };
    },

    async list(by) {
      check(by);
      return await store.listInvitations(clock.now());
    },

    async revoke(by, invitationId) {
      check(by);
      const stamp = { at: clock.now(), actor: actorOfOperator(by) };
      if (!(await store.revokeInvitation(invitationId, stamp))) throw notFound("invitation");
    },
  };
}
