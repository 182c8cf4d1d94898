import type { Client } from "@colloquy/client";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import { useSyncExternalStore } from "react";
import { createDeletions, type Deletions } from "../conversations/deletions.ts";
import { useSession } from "../session/session.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import { useWorkspace, type Workspace } from "../workspace.tsx";
import { projectsKey, useProjects } from "./use-projects.ts";

/** What is out of sight and can still be taken back. */
type Undoable = { readonly projects: Deletions; readonly files: Deletions };

const undoables = new WeakMap<Workspace, Undoable>();

/** A file of a project, as one that is taken out. */
export const fileKey = (projectId: string, fileId: string): string => `${projectId} ${fileId}`;

function createUndoable(
  client: Client,
  queries: QueryClient,
  { list, tell }: Pick<Workspace, "list" | "tell">,
): Undoable {
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: projectsKey });
    await list.refresh();
    tell({ type: "list" });
  };
  const trying = async (
    work: () => Promise<unknown>,
    words: "list.notDeleted" | "list.notChanged",
  ) => {
    try {
      await work();
    } catch (error) {
      notify({ text: i18next.t(words, { reason: wordsOf(error) }), isProblem: true });
    }
    await refresh().catch(() => {});
  };
  return {
    projects: createDeletions((ids, keepalive) =>
      trying(async () => {
        for (const id of ids) await client.projects.delete(id, { keepalive });
      }, "list.notDeleted"),
    ),
    files: createDeletions((keys) =>
      trying(async () => {
        const gone = new Set(keys);
        for (const id of new Set(keys.map((key) => key.split(" ")[0] ?? ""))) {
          const { files } = await client.projects.get(id);
          const left = files.filter((file) => !gone.has(fileKey(id, file.id)));
          await client.projects.update(id, { file_ids: left.map((file) => file.id) });
        }
      }, "list.notChanged"),
    ),
  };
}

/** What is deleted of projects and can still be taken back, as long as somebody is in. */
export function useUndoable() {
  const { client } = useSession();
  const queries = useQueryClient();
  const workspace = useWorkspace();
  let undoable = undoables.get(workspace);
  if (!undoable) {
    undoable = createUndoable(client, queries, workspace);
    undoables.set(workspace, undoable);
  }
  const { projects, files } = undoable;
  return {
    projects,
    files,
    deletedProjects: useSyncExternalStore(projects.subscribe, projects.current),
    removedFiles: useSyncExternalStore(files.subscribe, files.current),
  };
}

/** The projects that are not being deleted. */
export function useShownProjects() {
  const query = useProjects();
  const { deletedProjects } = useUndoable();
  return { ...query, data: query.data?.filter(({ id }) => !deletedProjects.has(id)) };
}
