import { createAcceptedToolReads, createAcceptedToolWrites } from "./accepted-tools.ts";
import { createAgentReads, createAgentWrites } from "./agents.ts";
import { createArchiveReads, createArchiveWrites } from "./archive.ts";
import { createAuditReads, createAuditWrites } from "./audit.ts";
import { createBranchReads, createBranchWrites } from "./branches.ts";
import { createBrowserSessionReads, createBrowserSessionWrites } from "./browser-sessions.ts";
import { createBudgetReads, createBudgetWrites } from "./budgets.ts";
import { type CountListed, createConversationLists } from "./conversation-lists.ts";
import { createConversationPages } from "./conversation-pages.ts";
import { createConversationUpdate } from "./conversation-update.ts";
import { createConversationReads, createConversationWrites } from "./conversations.ts";
import { createFileReads, createFileWrites } from "./files.ts";
import { createGrantReads } from "./grants.ts";
import { createInserts } from "./inserts.ts";
import { createInvitationReads, createInvitationWrites } from "./invitations.ts";
import { createKeyReads, createKeyWrites } from "./keys.ts";
import { createMemoryReads, createMemoryWrites } from "./memories.ts";
import { createMessageReads, createMessageWrites } from "./messages.ts";
import { createOnce } from "./once.ts";
import { createHealthWrites } from "./probe.ts";
import { createProfileReads, createProfileWrites } from "./profiles.ts";
import { createProjectReads, createProjectWrites } from "./projects.ts";
import { createPromptReads, createPromptWrites } from "./prompts.ts";
import { createQuestionReads, createQuestionWrites } from "./questions.ts";
import { createRepeatReads } from "./repeats.ts";
import { createReplacements } from "./replacements.ts";
import { createReplyStepReads, createReplyStepWrites } from "./reply-steps.ts";
import { createSecretWrites } from "./secrets.ts";
import { createShareReads, createShareWrites } from "./shares.ts";
import type { StatementWriter } from "./statement.ts";
import type { TextChanges } from "./text-changes.ts";
import { createTicketReads, createTicketWrites } from "./tickets.ts";
import { createTitleReads, createTitleWrites } from "./titles.ts";
import { createToolSignInReads, createToolSignInWrites } from "./tool-sign-ins.ts";
import { createTurnChanges } from "./turn-changes.ts";
import { createTurnLists } from "./turn-lists.ts";
import { createTurnReads } from "./turn-reads.ts";
import { createTurnWrites } from "./turns.ts";

export type Reads = ReturnType<typeof createReads>;
export type Writes = ReturnType<typeof createWrites>;

/** What changes nothing. @param countListed how the database tells how many conversations a list has */
export const createReads = (write: StatementWriter, countListed: CountListed) => ({
  ...createConversationReads(write),
  ...createConversationLists(write, countListed),
  ...createConversationPages(write),
  ...createTitleReads(write),
  ...createBranchReads(write),
  ...createMessageReads(write),
  ...createTurnReads(write),
  ...createTurnLists(write),
  ...createRepeatReads(write),
  ...createAgentReads(write),
  ...createKeyReads(write),
  ...createTicketReads(write),
  ...createShareReads(write),
  ...createBrowserSessionReads(write),
  ...createInvitationReads(write),
  ...createArchiveReads(write),
  ...createAuditReads(write),
  ...createBudgetReads(write),
  ...createFileReads(write),
  ...createProfileReads(write),
  ...createPromptReads(write),
  ...createMemoryReads(write),
  ...createProjectReads(write),
  ...createReplyStepReads(write),
  ...createQuestionReads(write),
  ...createGrantReads(write),
  ...createAcceptedToolReads(write),
  ...createToolSignInReads(write),
});

/** What changes something, each in a transaction. */
export function createWrites(write: StatementWriter, changes: TextChanges) {
  const insert = createInserts(write);
  const { append, appendAuditEvents } = createAuditWrites(write);
  const replacements = createReplacements(write, append);
  const once = createOnce(write);
  const branches = createBranchWrites(write);
  const keys = createKeyWrites(write, append, once);
  const agents = createAgentWrites(write, append, once);
  const profiles = createProfileWrites(write);
  const prompts = createPromptWrites(write, append, once);
  const memories = createMemoryWrites(write, append, once);
  const projects = createProjectWrites(write, append, once);
  const files = createFileWrites(write, append, once);
  const sessions = createBrowserSessionWrites(write);
  const invitations = createInvitationWrites(write, append, once, { sessions, keys });
  return {
    ...createConversationWrites(write, insert, append, replacements, once, branches),
    ...createConversationUpdate(write, insert, changes, append, branches),
    ...createTitleWrites(write, changes),
    ...createMessageWrites(write, insert, append, once, branches),
    ...createTurnWrites(write, insert, changes, append, replacements, branches),
    ...createTurnChanges(write, changes, branches),
    noteSteps: createReplyStepWrites(write).noteSteps,
    ...createQuestionWrites(write, append),
    ...replacements.writes,
    ...agents,
    ...profiles,
    ...prompts,
    ...memories,
    ...projects,
    ...keys,
    appendAuditEvents,
    ...createBudgetWrites(write),
    ...createTicketWrites(write, once),
    ...createShareWrites(write, append, once),
    ...sessions,
    ...invitations,
    ...createAcceptedToolWrites(write, append, once),
    ...createToolSignInWrites(write, append),
    ...createSecretWrites(write),
    ...createHealthWrites(write),
    ...files,
    ...createArchiveWrites(write, {
      ...{
        insert,
        keys,
        invitations,
        agents,
        profiles,
        prompts,
        memories,
        projects,
        branches,
        files,
      },
    }),
  };
}
