import type { Admit } from "../../core/access/admission.ts";
import type { Invitations } from "../../core/access/invitations.ts";
import type { Keys } from "../../core/access/keys.ts";
import type { Limits } from "../../core/access/limits.ts";
import type { Shares } from "../../core/access/shares.ts";
import type { Tickets } from "../../core/access/tickets.ts";
import type { Agents } from "../../core/agents.ts";
import type { Conversations } from "../../core/conversations.ts";
import type { Files } from "../../core/files.ts";
import type { ImportChats } from "../../core/importing/imports.ts";
import type { Memories } from "../../core/memories.ts";
import type { Models } from "../../core/models.ts";
import type { Profiles } from "../../core/profiles.ts";
import type { Projects } from "../../core/projects.ts";
import type { SavedPrompts } from "../../core/saved-prompts.ts";
import type { Questions } from "../../core/tools/questions.ts";
import type { SignInDesk } from "../../core/tools/sign-in-desk.ts";
import type { SourceDesk } from "../../core/tools/source-desk.ts";
import type { Titles } from "../../core/turns/titles.ts";
import type { Turns } from "../../core/turns/turn.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "chat-v1";

/** What the wire asks of the core. */
export type ChatV1Parts = {
  readonly admit: Admit;
  readonly limits: Pick<Limits, "takeForUser">;
  readonly conversations: Conversations;
  readonly turns: Turns;
  readonly importChats: ImportChats;
  readonly agents: Agents;
  readonly models: Models;
  readonly keys: Keys;
  readonly invitations: Invitations;
  readonly tickets: Tickets;
  readonly files: Files;
  readonly profiles: Profiles;
  readonly memories: Memories;
  readonly prompts: SavedPrompts;
  readonly projects: Projects;
  readonly shares: Shares;
  readonly questions: Questions;
  readonly sources: SourceDesk;
  /** Null: people sign in to no source of tools. */
  readonly toolSignIns: SignInDesk | null;
  /** A text that nobody can guess. */
  readonly mintSecret: () => string;
  /** PUBLIC_URL's origin and path; null and "" where it is not set. */
  readonly origins: { readonly publicOrigin: string | null };
  readonly basePath?: string;
  /** How long a temporary conversation is kept. */
  readonly temporaryMs: number;
  readonly titles: Pick<Titles, "settled">;
  /** Whether a key was ever made. */
  readonly isClaimed: () => Promise<boolean>;
  /** Whether the first key can be made with the code that was shown. */
  readonly takesClaimCode: () => boolean;
  /** Whether anybody is served without a key, on other wires. */
  readonly isOpen: boolean;
  /** The name of what understands speech; null: nothing does. */
  readonly engines: { readonly hears: string | null };
};
