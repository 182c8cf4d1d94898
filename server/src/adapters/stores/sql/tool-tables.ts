/** Calls of tools that a person is or was to decide; they go with the reply. */
export type ToolQuestionsTable = {
  tenant_id: string;
  owner_id: string;
  reply_id: string;
  call_id: string;
  conversation_id: string;
  source: string;
  tool: string;
  arguments: string;
  arguments_sha256: string;
  asked_at: number;
  expires_at: number;
  /** Null: the question is open. */
  decision: string | null;
  decided_at: number | null;
  /** Of a call that the client has made, as JSON (`ClientResult`); null: of every other. */
  result: string | null;
  /** `sign_in`: its user is to sign in to the source; null: its user, or the client, is asked about the call. */
  kind: string | null;
};

/** Tools that a person lets be used without being asked. */
export type ToolGrantsTable = {
  tenant_id: string;
  owner_id: string;
  id: string;
  source: string;
  tool: string;
  /** Null: in every conversation. */
  conversation_id: string | null;
  created_at: number;
};

/** The accounts of people at sources of tools. What is secret of them is encrypted. */
export type ToolSignInsTable = {
  tenant_id: string;
  owner_id: string;
  source: string;
  /** Counts the changes of the tokens. */
  version: number;
  /** Null: the person has not signed in. */
  tokens: string | null;
  signed_in_at: number | null;
  /** Until when one server renews the tokens; null: none does. */
  renewing_until: number | null;
  /** Of a sign-in that has begun; null: none has. */
  state_hash: string | null;
  begun: string | null;
  begun_until: number | null;
};
