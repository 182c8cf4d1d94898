/** The objects of wire 004 that concern invitations, with the names of the wire. */

/** A link with which one person signs in, once; a list never has its secret. */
export type Invitation = {
  readonly id: string;
  /** Whom it is for; "" if nothing was said. */
  readonly name: string;
  /** Who invites, as the invited person reads it; "" if nothing was said. */
  readonly invited_by: string;
  /** Who the person is on the server. */
  readonly user_id: string;
  readonly tenant_id: string;
  readonly is_operator: boolean;
  /** The models that the person may use, with `*` for any characters; null means every model of the server. */
  readonly models: readonly string[] | null;
  /** How long the person stays signed in. */
  readonly session_days: number;
  readonly created_at: string;
  /** Until when it can be accepted. */
  readonly expires_at: string;
  /** Null: nobody has accepted it. */
  readonly accepted_at: string | null;
};

/** A new invitation. `secret` is what its link ends with, and is only shown in this response. */
export type CreatedInvitation = Invitation & { readonly secret: string };

export type InvitationInput = {
  readonly name?: string | undefined;
  readonly invited_by?: string | undefined;
  /** The default is a user who has nothing yet. */
  readonly user_id?: string | undefined;
  readonly tenant_id?: string | undefined;
  readonly is_operator?: boolean | undefined;
  /** The default is every model of the server. */
  readonly models?: readonly string[] | null | undefined;
  /** 1 to 90; the default is 7. */
  readonly expires_in_days?: number | undefined;
  /** 1 to 365; the default is 90. */
  readonly session_days?: number | undefined;
};
