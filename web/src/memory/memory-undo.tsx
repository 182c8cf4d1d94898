import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./memory.module.css";
import type { MemoryOfCall } from "./memory-call.ts";
import { memoriesKey, useMemories } from "./use-memories.ts";

/** Takes back what a model has remembered or forgotten, or says that it was taken back. */
export function MemoryUndo({
  memory: { id, text, isForgotten },
}: {
  readonly memory: MemoryOfCall;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const { memories, isCurrent } = useMemories();
  const [isBusy, setBusy] = useState(false);
  if (!memories) return null;
  const isThere = memories.some((one) => (isForgotten ? one.text === text : one.id === id));
  if (isThere === isForgotten && !isCurrent) return null;
  if (isThere === isForgotten)
    return <span className={styles.undone}>{t(isForgotten ? "memory.again" : "memory.gone")}</span>;
  const undo = async () => {
    setBusy(true);
    try {
      if (isForgotten) await client.memories.create({ text });
      else await client.memories.delete(id);
    } catch (error) {
      notify({ text: wordsOf(error), isProblem: true });
    }
    await queries.invalidateQueries({ queryKey: memoriesKey });
    setBusy(false);
  };
  return (
    <Button
      look="plain"
      className={styles.undo}
      aria-label={`${t("list.undo")}: ${text}`}
      disabled={isBusy}
      onClick={() => void undo()}
    >
      {t("list.undo")}
    </Button>
  );
}
