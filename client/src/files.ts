import type { Calls } from "./calls.ts";
import type { CallOptions, UploadOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { StoredFile } from "./wire-files.ts";

export type FileCalls = ReturnType<typeof fileCalls>;

export function fileCalls(calls: Calls, baseUrl: string) {
  const contentPath = (id: string) => path`/files/${id}/content`;
  return {
    /** Uploads a file. Resolves when the file is on the disk of the server. Messages refer to it by its id. */
    upload: async (file: Blob, options: UploadOptions = {}): Promise<StoredFile> => {
      const name = options.name ?? ("name" in file && String(file.name)) ?? "";
      return calls.upload<StoredFile>("/files", file, name || "file", options);
    },

    get: async (id: string, options: CallOptions = {}): Promise<StoredFile> =>
      calls.get(path`/files/${id}`, options),

    /** The bytes of the file. */
    content: async (id: string, options: CallOptions = {}): Promise<Blob> =>
      calls.download(contentPath(id), options),

    /** The URL of the bytes, for programs that send a credential of their own. */
    url: (id: string): string => `${baseUrl.replace(/\/+$/, "")}/v1/chat${contentPath(id)}`,

    /** Deletes the file. Messages that refer to it stay. */
    delete: async (id: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/files/${id}`, options),
  };
}
