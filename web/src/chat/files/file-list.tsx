import type { Attachment } from "@colloquy/client";
import { Download, FileText } from "lucide-react";
import { type CSSProperties, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../session/session.tsx";
import { Button } from "../../ui/button.tsx";
import { saveAs } from "../../ui/download.ts";
import { notify } from "../../ui/notices.tsx";
import { wordsOf } from "../../words-of.ts";
import styles from "./files.module.css";

/** How high one is shown. */
const MAX_PICTURE_PIXELS = 320;

/** Images to look at, everything else to save. */
export default function FileList({ files }: { readonly files: readonly Attachment[] }) {
  const { t } = useTranslation();
  return (
    <ul className={styles.files} aria-label={t("files.ofMessage")}>
      {files.map((file) => (
        <li key={file.id}>
          {file.is_deleted ? (
            <span className={styles.deleted}>{t("files.deleted", { name: file.name })}</span>
          ) : file.read_as === "image" ? (
            <Picture file={file} />
          ) : (
            <Saved file={file} />
          )}
        </li>
      ))}
    </ul>
  );
}

/** What it takes up, from the first moment on: nothing moves when it is there. */
function placeOf({ width, height }: Attachment): CSSProperties | undefined {
  if (width === null || height === null) return;
  return {
    width: Math.min(width, (MAX_PICTURE_PIXELS / height) * width),
    aspectRatio: `${width} / ${height}`,
  };
}

function Picture({ file }: { readonly file: Attachment }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const { id } = file;
  const [shown, setShown] = useState<{ url: string | null; problem: string | null }>({
    url: null,
    problem: null,
  });
  useEffect(() => {
    const loading = new AbortController();
    let url: string | null = null;
    client.files.content(id, { signal: loading.signal }).then(
      (content) => {
        if (loading.signal.aborted) return;
        url = URL.createObjectURL(content);
        setShown({ url, problem: null });
      },
      (error: unknown) => {
        if (!loading.signal.aborted) setShown({ url: null, problem: wordsOf(error) });
      },
    );
    return () => {
      loading.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [client, id]);
  if (shown.problem !== null)
    return (
      <span className={styles.deleted}>
        {t("files.notLoaded", { name: file.name, reason: shown.problem })}
      </span>
    );
  const place = placeOf(file);
  if (shown.url === null) return <span className={styles.picture} style={place} />;
  return <img className={styles.picture} alt={file.name} src={shown.url} style={place} />;
}

function Saved({ file }: { readonly file: Attachment }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const save = async () => {
    try {
      saveAs(file.name, await client.files.content(file.id));
    } catch (error) {
      const reason = wordsOf(error);
      notify({ text: t("files.notLoaded", { name: file.name, reason }), isProblem: true });
    }
  };
  return (
    <Button
      look="outlined"
      aria-label={t("files.save", { name: file.name })}
      onClick={() => void save()}
    >
      <FileText size={16} aria-hidden />
      <span className={styles.name} dir="auto">
        {file.name}
      </span>
      <Download size={16} aria-hidden />
    </Button>
  );
}
