import { useId } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import type { SessionState } from "./session.tsx";
import styles from "./sign-in.module.css";

/** What one sees while nobody is in. */
export function Entrance({ state }: { readonly state: Exclude<SessionState, { kind: "in" }> }) {
  const { t } = useTranslation();
  const field = useId();
  switch (state.kind) {
    case "starting":
      return (
        <main className={styles.page}>
          <p role="status">{t("session.starting")}</p>
        </main>
      );
    case "unreachable":
      return (
        <main className={styles.page}>
          <h1>{t("session.unreachable")}</h1>
          <p>{state.reason}</p>
          <Button onClick={state.retry}>{t("session.retry")}</Button>
        </main>
      );
    case "signed_out":
      return (
        <main className={styles.page}>
          <h1>{t("session.signInTitle")}</h1>
          <p>{t("session.signInText")}</p>
          <pre>npx colloquy keys create --name me</pre>
          <form
            className={styles.form}
            onSubmit={(event) => {
              event.preventDefault();
              const key = new FormData(event.currentTarget).get("key");
              if (typeof key === "string" && key.trim()) state.signIn(key.trim());
            }}
          >
            <label htmlFor={field}>{t("session.key")}</label>
            <input id={field} name="key" type="password" autoComplete="current-password" required />
            <Button type="submit">{t("session.signIn")}</Button>
          </form>
          {state.refusal && <p role="alert">{t("session.refused", { reason: state.refusal })}</p>}
        </main>
      );
  }
}
