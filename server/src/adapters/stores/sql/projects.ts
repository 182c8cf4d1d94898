import type { Selectable } from "kysely";
import type { Stamp } from "../../../domain/audit.ts";
import type { Attachment } from "../../../domain/file.ts";
import type { Owner } from "../../../domain/principal.ts";
import { filesOf, MAX_PROJECTS, type Project } from "../../../domain/project.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { ProjectPatch } from "../../../ports/project-store.ts";
import type { Idempotency } from "../../../ports/store.ts";
import type { AppendAuditEvent } from "./audit.ts";
import { createFileCheck } from "./files.ts";
import { createKeptReads, createKeptWrites, createPages, type Kind } from "./kept.ts";
import type { Once } from "./once.ts";
import { createProjectFileLinks } from "./project-files.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

/** Of a project's conversations in one transaction: whoever writes meanwhile waits for that many at most. */
const MAX_LET_GO = 250;

type OwnerParameters = { tenantId: string; userId: string };
type ProjectRecord = Extract<ArchiveRecord, { type: "project" }>;

const PROJECTS: Kind = {
  table: "projects",
  name: "project",
  deletion: "project_deleted",
  bound: {
    most: MAX_PROJECTS,
    says: `A user has at most ${MAX_PROJECTS} projects. Delete one that is not needed any more: its conversations are kept`,
  },
};

const projectOf = (row: Selectable<Tables["projects"]>): Project => ({
  id: row.id,
  name: row.name,
  instructions: row.instructions,
  attachments: JSON.parse(row.attachments) satisfies Attachment[],
  createdAt: new Date(Number(row.created_at)),
  updatedAt: new Date(Number(row.updated_at)),
});

export function createProjectReads(write: StatementWriter) {
  const kept = createKeptReads(write, "projects", projectOf);
  const projectRecords = createPages(
    write,
    "projects",
    (owner, row): ProjectRecord => ({ type: "project", owner, project: projectOf(row) }),
  );
  return { listProjects: kept.list, getProject: kept.find, projectRecords };
}

export function createProjectWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  type Columns = {
    id: string;
    name: string;
    instructions: string;
    attachments: string;
    updatedAt: number;
  };
  const { getProject } = createProjectReads(write);
  const kept = createKeptWrites(write, append, once, PROJECTS, getProject);
  const files = createFileCheck(write);
  const links = createProjectFileLinks(write);
  const insert = write<OwnerParameters & Columns & { createdAt: number }>()((database, parameter) =>
    database
      .insertInto("projects")
      .values({
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        id: parameter.id,
        name: parameter.name,
        instructions: parameter.instructions,
        attachments: parameter.attachments,
        created_at: parameter.createdAt,
        updated_at: parameter.updatedAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const replace = write<OwnerParameters & Columns>()((database, parameter) =>
    database
      .updateTable("projects")
      .set({
        name: parameter.name,
        instructions: parameter.instructions,
        attachments: parameter.attachments,
        updated_at: parameter.updatedAt,
      })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );
  const letConversationsGo = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .updateTable("conversations")
      .set({ project_id: null })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("row_id", "in", (expression) =>
        expression
          .selectFrom("conversations")
          .select("row_id")
          .where("tenant_id", "=", parameter.tenantId)
          .where("owner_id", "=", parameter.userId)
          .where("project_id", "=", parameter.id)
          .limit(MAX_LET_GO),
      ),
  );

  const columnsOf = ({ id, name, instructions, attachments, updatedAt }: Project): Columns => ({
    ...{ id, name, instructions },
    attachments: JSON.stringify(attachments),
    updatedAt: updatedAt.getTime(),
  });

  function* insertProject(owner: Owner, project: Project): Operation<boolean> {
    const { tenantId, userId } = owner;
    const createdAt = project.createdAt.getTime();
    const columns = columnsOf(project);
    if ((yield* insert.run({ tenantId, userId, ...columns, createdAt })) === 0) return false;
    yield* links.set(owner, project.id, [], project.attachments);
    return true;
  }

  return {
    /** @returns false if the owner has one of that id, which stays */
    insertProject,

    createProject: (
      owner: Owner,
      project: Project,
      idempotency?: Idempotency | null,
    ): Operation<Project> =>
      kept.create(owner, project, idempotency, function* () {
        yield* files.insist(owner, project.attachments);
        yield* insertProject(owner, project);
      }),

    *changeProject(
      owner: Owner,
      id: string,
      { attachments, ...patch }: ProjectPatch,
    ): Operation<Project | null> {
      const { tenantId, userId } = owner;
      const stored = yield* getProject(owner, id);
      if (!stored) return null;
      if (attachments) yield* files.insist(owner, attachments);
      const project = { ...stored, ...patch, attachments: attachments ?? filesOf(stored) };
      yield* replace.run({ tenantId, userId, ...columnsOf(project) });
      yield* links.set(owner, id, stored.attachments, project.attachments);
      return project;
    },

    /**
     * Lets some of its conversations go, and deletes it where it has no more than those.
     * @returns how many those are, and whether it is deleted; null if there is no such project
     */
    *deleteProject(
      owner: Owner,
      id: string,
      stamp?: Stamp,
    ): Operation<{ readonly conversations: number; readonly isDeleted: boolean } | null> {
      const { tenantId, userId } = owner;
      const stored = yield* getProject(owner, id);
      if (!stored) return null;
      const conversations = yield* letConversationsGo.run({ tenantId, userId, id });
      if (conversations === MAX_LET_GO) return { conversations, isDeleted: false };
      yield* links.set(owner, id, stored.attachments, []);
      yield* kept.remove(owner, id, stamp);
      return { conversations, isDeleted: true };
    },
  };
}
