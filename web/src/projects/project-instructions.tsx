import type { Project } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./projects.module.css";
import { projectsKey } from "./use-projects.ts";

/** The wire's most. */
const MAX_CHARACTERS = 4_000;
const TYPING_PAUSE_MS = 700;

/** What every model is told in the project; kept on the server, as one types. */
export function ProjectInstructions({ project }: { readonly project: Project }) {
  const { t } = useTranslation();
  const id = useId();
  const { client } = useSession();
  const queries = useQueryClient();
  const [text, setText] = useState(project.instructions);
  const [state, setState] = useState<"same" | "saved">("same");
  const [problem, setProblem] = useState<string | null>(null);
  /** What the server has, and what it is to have. */
  const latest = useRef({ saved: project.instructions, text: project.instructions });
  const saving = useRef<Promise<void>>(Promise.resolve());
  const timer = useRef(0);
  const excess = Array.from(text).length - MAX_CHARACTERS;

  const save = useRef(() => {});
  save.current = () => {
    clearTimeout(timer.current);
    saving.current = saving.current.then(async () => {
      const { saved, text: instructions } = latest.current;
      if (instructions === saved || Array.from(instructions).length > MAX_CHARACTERS) return;
      try {
        const changed = await client.projects.update(project.id, { instructions });
        latest.current.saved = instructions;
        queries.setQueryData<Project[]>(projectsKey, (known) =>
          known?.map((one) => (one.id === changed.id ? changed : one)),
        );
        setProblem(null);
        if (latest.current.text === instructions) setState("saved");
      } catch (error) {
        setProblem(wordsOf(error));
      }
    });
  };
  useEffect(() => {
    const leave = () => save.current();
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      leave();
    };
  }, []);

  return (
    <section className={styles.part}>
      <h2>
        <label htmlFor={id}>{t("projects.instructions")}</label>
      </h2>
      <textarea
        id={id}
        dir="auto"
        rows={3}
        className={styles.instructions}
        value={text}
        placeholder={t("projects.instructionsExample")}
        aria-describedby={`${id}-hint`}
        aria-invalid={excess > 0 || undefined}
        onChange={({ target: { value } }) => {
          latest.current.text = value;
          setText(value);
          setState("same");
          clearTimeout(timer.current);
          timer.current = window.setTimeout(() => save.current(), TYPING_PAUSE_MS);
        }}
        onBlur={() => save.current()}
      />
      <p id={`${id}-hint`} className={styles.below}>
        <span>
          {excess > 0
            ? t("instructions.tooMany", { count: excess })
            : t("projects.instructionsHint")}
        </span>
        <span role="status">{state === "saved" && t("settings.saved")}</span>
      </p>
      {problem && (
        <p role="alert">
          {t("instructions.notSaved", { reason: problem })}{" "}
          <Button look="outlined" onClick={() => save.current()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
    </section>
  );
}
