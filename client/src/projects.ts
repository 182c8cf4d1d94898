import type { Calls } from "./calls.ts";
import type { CallOptions, DeleteOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { Project, ProjectInput, ProjectPatch } from "./wire-projects.ts";

export type ProjectCalls = ReturnType<typeof projectCalls>;

export function projectCalls(calls: Calls) {
  return {
    create: async (input: ProjectInput, options: CallOptions = {}): Promise<Project> =>
      calls.create("/projects", input, options),

    /** All of the user's, oldest first. */
    list: async (options: CallOptions = {}): Promise<Project[]> => calls.get("/projects", options),

    get: async (id: string, options: CallOptions = {}): Promise<Project> =>
      calls.get(path`/projects/${id}`, options),

    update: async (id: string, patch: ProjectPatch, options: CallOptions = {}): Promise<Project> =>
      calls.change("PATCH", path`/projects/${id}`, patch, options),

    /** Its conversations are kept, and in no project then. */
    delete: async (id: string, options: DeleteOptions = {}): Promise<void> =>
      calls.remove(path`/projects/${id}`, options),
  };
}
