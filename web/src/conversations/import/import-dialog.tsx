import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../session/session.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog, DialogActions } from "../../ui/dialog.tsx";
import { wordsOf } from "../../words-of.ts";
import { useWorkspace } from "../../workspace.tsx";
import styles from "./import.module.css";
import {
  type ImportCounts,
  importConversations,
  NOTHING_IMPORTED,
} from "./import-conversations.ts";
import { readConversations } from "./read-conversations.ts";

type Step =
  | { readonly kind: "choosing"; readonly problem: string | null }
  | { readonly kind: "reading" }
  | { readonly kind: "importing"; readonly total: number; readonly counts: ImportCounts }
  | { readonly kind: "done"; readonly counts: ImportCounts; readonly problem: string | null };

/** Takes over conversations from a file, and says how far it is and what became of them. */
export default function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const { list, tell } = useWorkspace();
  const [step, setStep] = useState<Step>({ kind: "choosing", problem: null });
  const stopping = useRef<AbortController | null>(null);
  const progress = useId();
  useEffect(() => () => stopping.current?.abort(), []);

  const take = async (files: readonly File[]) => {
    setStep({ kind: "reading" });
    const controller = new AbortController();
    stopping.current = controller;
    let counts = NOTHING_IMPORTED;
    let hasBegun = false;
    try {
      const items = (await Promise.all(files.map(readConversations))).flat();
      if (items.length === 0)
        return setStep({ kind: "choosing", problem: t("import.nothingInIt") });
      hasBegun = true;
      setStep({ kind: "importing", total: items.length, counts });
      for await (counts of importConversations(client, items, controller.signal))
        setStep({ kind: "importing", total: items.length, counts });
      setStep({ kind: "done", counts, problem: null });
    } catch (error) {
      const problem = controller.signal.aborted ? t("import.stopped") : wordsOf(error);
      setStep(hasBegun ? { kind: "done", counts, problem } : { kind: "choosing", problem });
    } finally {
      if (hasBegun) {
        await list.refresh();
        tell({ type: "list" });
      }
    }
  };

  return (
    <Dialog title={t("import.title")} onClose={onClose} isClosable={step.kind !== "importing"}>
      {step.kind === "choosing" && <Choosing problem={step.problem} onFiles={take} />}
      {step.kind === "reading" && <p role="status">{t("import.reading")}</p>}
      {step.kind === "importing" && (
        <>
          <label htmlFor={progress}>
            {t("import.progress", { done: step.counts.done, total: step.total })}
          </label>
          <progress
            id={progress}
            className={styles.progress}
            max={step.total}
            value={step.counts.done}
          />
          <DialogActions>
            <Button look="outlined" onClick={() => stopping.current?.abort()}>
              {t("import.stop")}
            </Button>
          </DialogActions>
        </>
      )}
      {step.kind === "done" && (
        <>
          <Result counts={step.counts} problem={step.problem} />
          <DialogActions>
            <Button onClick={onClose}>{t("ui.close")}</Button>
          </DialogActions>
        </>
      )}
    </Dialog>
  );
}

function Choosing({
  problem,
  onFiles,
}: {
  readonly problem: string | null;
  readonly onFiles: (files: readonly File[]) => Promise<void>;
}) {
  const { t } = useTranslation();
  const [isOver, setOver] = useState(false);
  return (
    <>
      <p>{t("import.about")}</p>
      <ul className={styles.kinds}>
        <li>{t("import.chatgpt")}</li>
        <li>{t("import.backup")}</li>
        <li>{t("import.own")}</li>
      </ul>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the field in it does the same by keyboard */}
      <div
        className={styles.drop}
        data-over={isOver || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void onFiles([...event.dataTransfer.files]);
        }}
      >
        <label className={styles.choose}>
          {t("import.choose")}
          <input
            type="file"
            multiple
            accept=".json,.jsonl,.zip,.txt,application/json,application/zip"
            onChange={(event) => void onFiles([...(event.target.files ?? [])])}
          />
        </label>
        <p>{t("import.drop")}</p>
      </div>
      {problem && <p role="alert">{problem}</p>}
    </>
  );
}

function Result({
  counts,
  problem,
}: {
  readonly counts: ImportCounts;
  readonly problem: string | null;
}) {
  const { t } = useTranslation();
  return (
    <div role="status">
      {problem && <p className={styles.problem}>{problem}</p>}
      <p>{t("import.imported", { count: counts.imported })}</p>
      {counts.skipped > 0 && <p>{t("import.skipped", { count: counts.skipped })}</p>}
      {counts.failed.length > 0 && (
        <>
          <p>{t("import.failed", { count: counts.failed.length })}</p>
          <ul className={styles.kinds}>
            {counts.failed.map(({ name, reason }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: names come twice, and the list only grows
              <li key={index} dir="auto">
                {name}: {reason}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
