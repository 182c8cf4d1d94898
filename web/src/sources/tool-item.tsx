import type { ToolOfSource } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./sources.module.css";
import { sourcesKey } from "./sources-key.ts";
import { TryTool } from "./try-tool.tsx";

const STATES = {
  on: "sources.on",
  changed: "sources.changed",
  new: "sources.new",
  left_out: "sources.leftOut",
} as const;

/** One tool: what it does, whether it asks, and what an operator can do with it. Whatever it says of itself is text. */
export function ToolItem({
  source,
  tool,
}: {
  readonly source: string;
  readonly tool: ToolOfSource;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const heading = useRef<HTMLHeadingElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [isTrying, setTrying] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const { name, accepted, state } = tool;

  const accept = async () => {
    setBusy(true);
    setProblem(null);
    try {
      queries.setQueryData(sourcesKey, await client.tools.accept(source, [tool]));
      // The button that had the focus is gone.
      heading.current?.focus();
    } catch (error) {
      setProblem(wordsOf(error));
      // It may have changed since: what is accepted is what is shown.
      void queries.invalidateQueries({ queryKey: sourcesKey });
    }
    setBusy(false);
  };
  return (
    <li className={styles.tool}>
      <div className={styles.words}>
        <h3 ref={heading} tabIndex={-1} dir="auto">
          {name}
        </h3>
        <p className={styles.mark} data-off={state !== "on" || undefined}>
          {t(STATES[state])}
        </p>
        {accepted && <p className={styles.soft}>{t("sources.asItIs")}</p>}
        <p className={styles.said} dir="auto">
          {tool.description}
        </p>
        {accepted && (
          <>
            <p className={styles.soft}>{t("sources.asAccepted")}</p>
            <p className={styles.said} dir="auto">
              {accepted.description}
            </p>
          </>
        )}
        <p className={styles.soft}>
          {t(tool.only_reads ? "sources.reads" : "sources.writes")}
          {" · "}
          {t(tool.asks ? "sources.asks" : "sources.asksNot")}
        </p>
        <p className={styles.soft}>{t("sources.offeredAs", { name: tool.offered_as })}</p>
        <details>
          <summary>{t("sources.schema")}</summary>
          {accepted && <p className={styles.soft}>{t("sources.asItIs")}</p>}
          <Schema of={tool.parameters} />
          {accepted && (
            <>
              <p className={styles.soft}>{t("sources.asAccepted")}</p>
              <Schema of={accepted.parameters} />
            </>
          )}
        </details>
        {problem && (
          <p role="alert" className={styles.problem}>
            {t("sources.notAccepted", { reason: problem })}
          </p>
        )}
      </div>
      {(state === "changed" || state === "new") && (
        <Button
          disabled={isBusy}
          aria-label={t("sources.acceptThis", { tool: name })}
          onClick={() => void accept()}
        >
          {t("sources.accept")}
        </Button>
      )}
      {state === "on" && (
        <Button
          look="outlined"
          aria-label={t("sources.tryThis", { tool: name })}
          onClick={() => setTrying(true)}
        >
          {t("sources.try")}
        </Button>
      )}
      {isTrying && <TryTool source={source} tool={tool} onClose={() => setTrying(false)} />}
    </li>
  );
}

function Schema({ of: schema }: { readonly of: unknown }) {
  return (
    <pre className={styles.schema} dir="ltr">
      {JSON.stringify(schema, null, 2)}
    </pre>
  );
}
