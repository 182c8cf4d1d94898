import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { CreatedInvitation, Invitation, InvitationInput } from "./wire-invitations.ts";

export type InvitationCalls = ReturnType<typeof invitationCalls>;

/** Invitations are for operators; others get FORBIDDEN. */
export function invitationCalls(calls: Calls) {
  return {
    /** Makes a link, `…/app/invitation#` and the secret, with which one person signs in, once. */
    create: async (
      input: InvitationInput = {},
      options: CallOptions = {},
    ): Promise<CreatedInvitation> => calls.create("/invitations", input, options),

    /** Those that are open and those whose person may be signed in, newest first. */
    list: async (options: CallOptions = {}): Promise<Invitation[]> =>
      calls.get("/invitations", options),

    /** Ends an invitation, and signs out whoever has accepted it. */
    revoke: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/invitations/${id}`, options),
  };
}
