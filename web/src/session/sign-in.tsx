import { Eye, EyeOff } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import buttonStyles from "../ui/button.module.css";
import { Button, IconButton } from "../ui/button.tsx";
import { Command } from "../ui/command.tsx";
import { Mark } from "../ui/mark.tsx";
import { canKeep } from "./kept-key.ts";
import { PROVIDER_NAME, wayToProvider } from "./provider.ts";
import type { SessionState } from "./session.tsx";
import type { SignInCause } from "./session-keeper.ts";
import styles from "./sign-in.module.css";

type SignedOut = Extract<SessionState, { kind: "signed_out" }>;

/** What one sees while nobody is in. */
export function Entrance({ state }: { readonly state: Exclude<SessionState, { kind: "in" }> }) {
  const { t } = useTranslation();
  switch (state.kind) {
    case "starting":
      return (
        <EntranceFrame isBrief>
          <p role="status" className={styles.waiting}>
            {t("session.starting")}
          </p>
        </EntranceFrame>
      );
    case "unreachable":
      return (
        <EntranceFrame>
          <h1>{t("session.unreachable")}</h1>
          <p role="status">{t("session.tryingAgain")}</p>
          <p className={styles.reason} lang="en">
            {state.reason}
          </p>
          <Button onClick={state.retry}>{t("session.retry")}</Button>
        </EntranceFrame>
      );
    case "signed_out":
      return (
        <EntranceFrame>
          <h1>{t("session.signInTitle")}</h1>
          <Cause cause={state.cause} />
          {PROVIDER_NAME !== null && <ProviderButton name={PROVIDER_NAME} />}
          <KeyForm state={state} />
        </EntranceFrame>
      );
  }
}

/** @param isBrief mostly over before it could be read: it is shown only when it lasts */
export function EntranceFrame({
  isBrief = false,
  children,
}: {
  readonly isBrief?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <main className={styles.page} data-brief={isBrief || undefined}>
      <div className={styles.card}>
        <Mark className={styles.sign} />
        {children}
      </div>
    </main>
  );
}

/** Why a key is wanted, and where one comes from. */
function Cause({ cause }: { readonly cause: SignInCause }) {
  const { t } = useTranslation();
  if (cause.kind === "unclaimed")
    return (
      <>
        <p>{t("session.unclaimed")}</p>
        <pre className={styles.words} lang="en">
          {cause.reason}
        </pre>
      </>
    );
  if (cause.kind === "provider")
    return (
      <div role="alert" className={styles.refusal}>
        <strong>{t("session.notSignedIn")}</strong>
        <p>{t(`session.provider.${cause.failure}`, { name: PROVIDER_NAME })}</p>
      </div>
    );
  if (cause.kind === "left")
    return (
      <>
        <p role="status">{t("session.leftHere", { name: PROVIDER_NAME })}</p>
        <a href={cause.wayOut} className={`${buttonStyles.button} ${buttonStyles.outlined}`}>
          <span dir="auto">{t("session.leaveThere", { name: PROVIDER_NAME })}</span>
        </a>
      </>
    );
  return (
    <>
      {cause.kind !== "first_visit" && (
        <div role="alert" className={styles.refusal}>
          <strong>{t(`session.${cause.kind}`)}</strong>
          {cause.kind !== "claimed" && <p lang="en">{cause.reason}</p>}
          {cause.kind !== "refused" && <p>{t("session.draftsKept")}</p>}
        </div>
      )}
      {PROVIDER_NAME === null && (
        <>
          <p>{t("session.signInText")}</p>
          <Command args="keys create --name me" />
        </>
      )}
    </>
  );
}

/** The way to the provider; those without an account there have a key. */
function ProviderButton({ name }: { readonly name: string }) {
  const { t } = useTranslation();
  return (
    <>
      <a
        href={wayToProvider()}
        className={`${buttonStyles.button} ${buttonStyles.filled} ${styles.provider}`}
      >
        <span dir="auto">{t("session.signInWith", { name })}</span>
      </a>
      <p className={styles.or}>{t("session.or")}</p>
    </>
  );
}

function KeyForm({ state }: { readonly state: SignedOut }) {
  const { t } = useTranslation();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (PROVIDER_NAME === null) field.current?.focus();
  }, []);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const key = form.get("key");
    if (typeof key === "string" && key.trim()) state.signIn(key.trim(), form.has("stays"));
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <label htmlFor={`${id}key`}>{t("session.key")}</label>
      <div className={styles.key}>
        <input
          ref={field}
          id={`${id}key`}
          name="key"
          type={isShown ? "text" : "password"}
          autoComplete="current-password"
          autoCapitalize="off"
          spellCheck={false}
          required
        />
        <IconButton
          label={t(isShown ? "session.hideKey" : "session.showKey")}
          onClick={() => setShown(!isShown)}
        >
          {isShown ? <EyeOff aria-hidden size={18} /> : <Eye aria-hidden size={18} />}
        </IconButton>
      </div>
      <label className={styles.choice}>
        <input type="checkbox" name="stays" disabled={!canKeep()} aria-describedby={`${id}stays`} />
        {t("session.stay")}
      </label>
      <p id={`${id}stays`} className={styles.note}>
        {t(canKeep() ? "session.stayNote" : "session.stayInsecure")}
      </p>
      <Button type="submit" look={PROVIDER_NAME === null ? "filled" : "outlined"}>
        {t(PROVIDER_NAME === null ? "session.signIn" : "session.signInByKey")}
      </Button>
    </form>
  );
}
