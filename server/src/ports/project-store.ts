import type { Stamp } from "../domain/audit.ts";
import type { Owner } from "../domain/principal.ts";
import type { Project } from "../domain/project.ts";
import type { Idempotency } from "./turn-requests.ts";

/** What is changed of a project; what is absent stays as it is. */
export type ProjectPatch = {
  readonly name?: string;
  readonly instructions?: string;
  /** All of its files. A file that is no longer among them, and that no message has, is deleted. */
  readonly attachments?: Project["attachments"];
  readonly updatedAt: Date;
};

export interface ProjectStore {
  /**
   * A repeated key gives the project that was stored.
   * @throws AppError conflict where the owner has MAX_PROJECTS, not_found where one of its files is not there, and those
   * of Idempotency
   */
  createProject(owner: Owner, project: Project, idempotency?: Idempotency | null): Promise<Project>;
  /** In the order in which they were made. */
  listProjects(owner: Owner): Promise<Project[]>;
  getProject(owner: Owner, projectId: string): Promise<Project | null>;
  /** Null if there is none. @throws AppError not_found where one of its files is not there */
  changeProject(owner: Owner, projectId: string, patch: ProjectPatch): Promise<Project | null>;
  /**
   * Its conversations are in no project then, and otherwise as they were; its files go unless a message has them. It is done in
   * pieces: where it fails or is broken off, the project has the rest of its conversations, and can be deleted again.
   * @param stamp noted with it in the audit log
   * @returns how many conversations it had; null if there is no such project
   */
  deleteProject(owner: Owner, projectId: string, stamp?: Stamp): Promise<number | null>;
}
