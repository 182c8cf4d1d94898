import type { Calls } from "./calls.ts";
import type { CallOptions, UploadOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { StoredFile } from "./wire-files.ts";

export type FileCalls = ReturnType<typeof fileCalls>;

export function fileCalls(calls: Calls, baseUrl: string) {
  const contentPath = (id: string) => path`/files/${id}/content`;
  return {
    /** Keeps a file on the server; resolves once it is on disk. Messages name it by its id. */
    upload: async (file: Blob, options: UploadOptions = {}): Promise<StoredFile> => {
      const name = options.name ?? ("name" in file && String(file.name)) ?? "";
      return calls.upload<StoredFile>("/files", file, name || "file", options);
    },

    get: async (id: string, options: CallOptions = {}): Promise<StoredFile> =>
      calls.get(path`/files/${id}`, options),

    /** Its bytes. */
    content: async (id: string, options: CallOptions = {}): Promise<Blob> =>
      calls.download(contentPath(id), options),

    /** Where its bytes are, for what sends a credential of its own. */
    url: (id: string): string => `${baseUrl.replace(/\/+$/, "")}/v1/chat${contentPath(id)}`,

    /** Messages that were sent with it stay. */
    delete: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/files/${id}`, options),
  };
}
