import type { Principal } from "./principal.ts";

export const AUDIT_ACTIONS = [
  "key_created",
  "key_revoked",
  "invitation_created",
  "invitation_accepted",
  "invitation_revoked",
  "signed_in",
  "refused",
  "conversation_deleted",
  "message_deleted",
  "messages_replaced",
  "messages_restored",
  "agent_deleted",
  "prompt_deleted",
  "project_deleted",
  "memory_deleted",
  "file_uploaded",
  "file_deleted",
  "share_created",
  "share_revoked",
  "tool_allowed",
  "tool_declined",
  "tool_answered",
  "tool_called",
  "tool_accepted",
  "tool_signed_in",
  "tool_signed_out",
  "grant_created",
  "grant_revoked",
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** An event that an operator may have to account for. It never contains text of a user or a model, or a credential. */
export type AuditEvent = {
  readonly at: Date;
  readonly action: AuditAction;
  /** The owner of the object, if known. */
  readonly tenantId: string | null;
  readonly userId: string | null;
  /** The actor: `key <id>`, `token <fingerprint>`, `session <id>`, `reply <id>`, `this machine`, `anybody`, `link <id>` or `command line`. Null if unknown. */
  readonly actor: string | null;
  /** The address of the client; null if the event did not come over the network. */
  readonly address: string | null;
  /** The id of the key, the conversation or any other object of the event; `<source>/<tool>` of a call and of a tool that was accepted, and the source of a sign-in to one. */
  readonly about: string | null;
  /** The error code of a refusal, the outcome of a call, and the fingerprint of a tool that was accepted. */
  readonly reason: string | null;
  /** The number of occurrences, if several events are recorded as one. */
  readonly count: number;
};

/** The time of an event and its actor. */
export type Stamp = { readonly at: Date; readonly actor: string };

export const actorOf = ({ proof }: Pick<Principal, "proof">): string => {
  switch (proof.kind) {
    case "key":
      return `key ${proof.keyId}`;
    case "token":
      return `token ${proof.fingerprint}`;
    case "session":
      return `session ${proof.sessionId}`;
    case "link":
      return `link ${proof.shareId}`;
    case "open":
      return "anybody";
    case "none":
      return "this machine";
  }
};
