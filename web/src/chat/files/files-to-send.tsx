import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { NotShown } from "../../not-shown.tsx";
import { Boundary } from "../../ui/boundary.tsx";
import type { Attached } from "./attached.ts";

const AttachedList = lazy(() => import("./attached-list.tsx"));

/** The files that the next message is sent with, and in words how many they are. */
export function FilesToSend(props: {
  readonly files: readonly Attached[];
  readonly onRemove: (key: string) => void;
}) {
  const { t } = useTranslation();
  const { files } = props;
  const uploading = files.filter(({ stored, problem }) => !stored && !problem).length;
  return (
    <>
      {files.length > 0 && (
        <Boundary fallback={<NotShown />}>
          <Suspense>
            <AttachedList {...props} />
          </Suspense>
        </Boundary>
      )}
      <p role="status" className="visually-hidden">
        {files.length === 0
          ? ""
          : uploading > 0
            ? t("files.areUploading", { count: uploading })
            : t("files.areAttached", { count: files.filter(({ stored }) => stored).length })}
      </p>
    </>
  );
}
