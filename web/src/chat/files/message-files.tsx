import type { Attachment } from "@colloquy/client";
import { lazy, Suspense } from "react";
import { Boundary } from "../../ui/boundary.tsx";

const FileList = lazy(() => import("./file-list.tsx"));

/** The files that a message was sent with; at least their names, should the rest not load. */
export function MessageFiles({ files }: { readonly files: readonly Attachment[] }) {
  return (
    <Boundary fallback={<p>{files.map(({ name }) => name).join(", ")}</p>}>
      <Suspense>
        <FileList files={files} />
      </Suspense>
    </Boundary>
  );
}
