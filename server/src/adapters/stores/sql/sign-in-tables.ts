/** The browsers in which people have signed in. */
export type BrowserSessionsTable = {
  hash: string;
  id: string;
  tenant_id: string;
  user_id: string;
  issuer: string | null;
  /** Empty: an invitation was accepted. */
  subject: string;
  provider_session: string | null;
  invitation_id: string | null;
  is_operator: number;
  /** As in api_keys. */
  models: string | null;
  created_at: number;
  expires_at: number;
  ended_at: number | null;
};

/** Links with which people sign in, once. */
export type InvitationsTable = {
  id: string;
  hash: string;
  name: string;
  invited_by: string;
  tenant_id: string;
  user_id: string;
  is_operator: number;
  /** As in api_keys. */
  models: string | null;
  session_ms: number;
  created_at: number;
  expires_at: number;
  /** Null: nobody has accepted it. */
  accepted_at: number | null;
  /** When it is forgotten: `expires_at`, and from its acceptance on when its session expires. */
  over_at: number;
};
