import type { ToolOfSource, TriedCall } from "@colloquy/client";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { TextArea } from "../ui/text-field.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./sources.module.css";

const OUTCOMES = {
  ok: "sources.outcomeOk",
  failed: "sources.outcomeFailed",
  unknown: "sources.outcomeUnknown",
} as const;

/** Calls a tool once, with arguments that the operator writes. Closing it ends the call. */
export function TryTool({
  source,
  tool,
  onClose,
}: {
  readonly source: string;
  readonly tool: ToolOfSource;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const [given, setGiven] = useState("{}");
  const [isCalling, setCalling] = useState(false);
  const [made, setMade] = useState<TriedCall | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const calling = useRef<AbortController | null>(null);
  useEffect(() => () => calling.current?.abort(), []);

  const call = async (event: FormEvent) => {
    event.preventDefault();
    if (isCalling) return;
    setMade(null);
    const wanted = objectIn(given);
    setProblem(wanted ? null : t("sources.notObject"));
    if (!wanted) return;
    const controller = new AbortController();
    const { signal } = controller;
    calling.current = controller;
    setCalling(true);
    try {
      setMade(await client.tools.call(source, tool.name, wanted, { signal }));
    } catch (error) {
      if (!signal.aborted) setProblem(wordsOf(error));
    }
    setCalling(false);
  };
  return (
    <Dialog title={t("sources.tryThis", { tool: tool.name })} onClose={onClose} isWide>
      <form className={styles.form} onSubmit={(event) => void call(event)}>
        {!tool.only_reads && <p className={styles.warning}>{t("sources.warning")}</p>}
        <TextArea
          label={t("sources.given")}
          value={given}
          spellCheck={false}
          onChange={(event) => setGiven(event.target.value)}
        />
        {problem && (
          <p role="alert" className={styles.problem}>
            {problem}
          </p>
        )}
        <p role="status">{isCalling ? t("sources.calling") : made && t(OUTCOMES[made.outcome])}</p>
        {made && <TextArea label={t("sources.result")} value={made.text} readOnly />}
        <DialogActions>
          <Button type="submit" aria-disabled={isCalling}>
            {t("sources.call")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** Null: it is not JSON, or no object. */
function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : null;
  } catch {
    return null;
  }
}
