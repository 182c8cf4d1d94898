import type { Principal } from "./principal.ts";

export const AUDIT_ACTIONS = [
  "key_created",
  "key_revoked",
  "signed_in",
  "refused",
  "conversation_deleted",
  "message_deleted",
  "messages_replaced",
  "messages_restored",
  "agent_deleted",
  "file_uploaded",
  "file_deleted",
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Something that an operator may have to answer for. Never a text that a user or a model wrote, and never a credential. */
export type AuditEvent = {
  readonly at: Date;
  readonly action: AuditAction;
  /** Whose the thing is, as far as is known. */
  readonly tenantId: string | null;
  readonly userId: string | null;
  /** Who did it: `key <id>`, `token <fingerprint>`, `this machine`, `anybody`, `command line`. Null: nobody that is known. */
  readonly actor: string | null;
  /** From where; null: not over the network. */
  readonly address: string | null;
  /** The id of the key, conversation, … that it is about. */
  readonly about: string | null;
  /** Why something was refused: an error's code. */
  readonly reason: string | null;
  /** How many times it happened, where many are told as one. */
  readonly count: number;
};

/** When something was done, and by whom. */
export type Stamp = { readonly at: Date; readonly actor: string };

export const actorOf = ({ proof }: Pick<Principal, "proof">): string => {
  switch (proof.kind) {
    case "key":
      return `key ${proof.keyId}`;
    case "token":
      return `token ${proof.fingerprint}`;
    case "open":
      return "anybody";
    case "none":
      return "this machine";
  }
};
