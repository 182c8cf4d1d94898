import { actorOf } from "../domain/audit.ts";
import { notFound } from "../domain/errors.ts";
import { type Owner, ownerOf, type Principal } from "../domain/principal.ts";
import { MAX_INSTRUCTIONS_CHARACTERS } from "../domain/profile.ts";
import { FILES_OF_PROJECT, type Project } from "../domain/project.ts";
import { checkName, checkText } from "../domain/text.ts";
import type { Clock, NewId } from "../ports/clock.ts";
import type { ProjectStore } from "../ports/project-store.ts";
import type { Idempotency } from "../ports/turn-requests.ts";
import type { Files } from "./files.ts";

export type ProjectDraft = {
  readonly name: string;
  readonly instructions?: string | undefined;
  readonly fileIds?: readonly string[] | undefined;
};
export type ProjectChange = Partial<ProjectDraft>;

/** The folders that people keep conversations in. */
export type Projects = {
  /**
   * Resolves once it is on disk.
   * @throws AppError invalid_request, conflict, not_found and unprocessable for its files; also those of Idempotency
   */
  create(owner: Owner, draft: ProjectDraft, idempotency?: Idempotency | null): Promise<Project>;
  list(owner: Owner): Promise<Project[]>;
  /** @throws AppError not_found */
  get(owner: Owner, projectId: string): Promise<Project>;
  /** What is undefined stays as it is. @throws AppError not_found, and as `create` */
  change(owner: Owner, projectId: string, change: ProjectChange): Promise<Project>;
  /** Its conversations are kept, and in no project then. @returns how many it had. @throws AppError not_found */
  delete(principal: Principal, projectId: string): Promise<number>;
};

export function createProjects(
  store: ProjectStore,
  files: Pick<Files, "attachments">,
  clock: Pick<Clock, "now">,
  newId: NewId,
): Projects {
  const check = ({ name, instructions }: ProjectChange): void => {
    if (name !== undefined) checkName(name, "name");
    if (instructions !== undefined)
      checkText(instructions, "instructions", MAX_INSTRUCTIONS_CHARACTERS);
  };
  const attachmentsOf = (owner: Owner, fileIds: readonly string[]) =>
    files.attachments(owner, fileIds, FILES_OF_PROJECT);

  return {
    async create(owner, draft, idempotency) {
      check(draft);
      const at = clock.now();
      const project: Project = {
        id: newId(),
        name: draft.name,
        instructions: draft.instructions ?? "",
        attachments: await attachmentsOf(owner, draft.fileIds ?? []),
        createdAt: at,
        updatedAt: at,
      };
      return store.createProject(owner, project, idempotency);
    },
    list: (owner) => store.listProjects(owner),
    async get(owner, projectId) {
      const project = await store.getProject(owner, projectId);
      if (!project) throw notFound("project");
      return project;
    },
    async change(owner, projectId, change) {
      check(change);
      const { name, instructions, fileIds } = change;
      const changed = await store.changeProject(owner, projectId, {
        ...(name !== undefined && { name }),
        ...(instructions !== undefined && { instructions }),
        ...(fileIds && { attachments: await attachmentsOf(owner, fileIds) }),
        updatedAt: clock.now(),
      });
      if (!changed) throw notFound("project");
      return changed;
    },
    async delete(principal, projectId) {
      const stamp = { at: clock.now(), actor: actorOf(principal) };
      const kept = await store.deleteProject(ownerOf(principal), projectId, stamp);
      if (kept === null) throw notFound("project");
      return kept;
    },
  };
}
