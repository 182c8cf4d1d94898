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
