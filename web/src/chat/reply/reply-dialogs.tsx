import type { Message } from "@colloquy/client";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../../i18n/index.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { useModels } from "../use-models.ts";
import styles from "./reply-dialogs.module.css";

const MAX_SHOWN = 100;

/** Which model is to answer again; the conversation's own stays. */
export function ModelDialog({
  message,
  onPick,
  onClose,
}: {
  readonly message: Message;
  readonly onPick: (model: string) => void;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { data: models = [] } = useModels();
  const [search, setSearch] = useState("");
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = models.filter(({ id, name }) =>
    words.every((word) => `${id} ${name}`.toLowerCase().includes(word)),
  );
  return (
    <Dialog title={t("reply.otherModel")} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const [first] = found;
          if (first && search.trim() !== "") onPick(first.id);
        }}
      >
        <TextField
          label={t("chat.searchModels", { count: models.length })}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          autoComplete="off"
        />
      </form>
      <ul className={styles.models}>
        {found.slice(0, MAX_SHOWN).map(({ id, name, provider }) => (
          <li key={id}>
            <button type="button" className={styles.model} onClick={() => onPick(id)}>
              <span className={styles.name}>{name}</span>
              <span className={styles.note}>
                {[name === id ? null : id, provider, id === message.model && t("reply.saidThis")]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p role="status">{t("ui.nothingFound")}</p>}
      {found.length > MAX_SHOWN && <p>{t("ui.more", { count: found.length - MAX_SHOWN })}</p>}
    </Dialog>
  );
}

/** What is known of how a reply came about. */
export function DetailsDialog({
  message,
  onClose,
}: {
  readonly message: Message;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { usage } = message;
  const number = (value: number) => value.toLocaleString(dateLocale());
  const facts: readonly (readonly [string, string | null | undefined | false])[] = [
    [t("chat.model"), message.model],
    [
      t("reply.time"),
      new Date(message.created_at).toLocaleString(dateLocale(), {
        dateStyle: "medium",
        timeStyle: "medium",
      }),
    ],
    [
      t("reply.took"),
      message.took_ms !== undefined &&
        t("compare.took", {
          seconds: (message.took_ms / 1000).toLocaleString(dateLocale(), {
            maximumFractionDigits: 1,
          }),
        }),
    ],
    [
      t("reply.thought"),
      message.reasoning_ms != null &&
        t("chat.thoughtSeconds", { seconds: number(Math.round(message.reasoning_ms / 1000)) }),
    ],
    [t("reply.read"), usage && t("reply.tokens", { count: usage.prompt_tokens })],
    [
      t("reply.fromCache"),
      usage?.cached_tokens != null && t("reply.tokens", { count: usage.cached_tokens }),
    ],
    [t("reply.written"), usage && t("reply.tokens", { count: usage.completion_tokens })],
    [
      t("reply.cost"),
      usage?.cost_usd == null
        ? t("reply.unknown")
        : usage.cost_usd.toLocaleString(dateLocale(), {
            style: "currency",
            currency: "USD",
            maximumSignificantDigits: 3,
          }),
    ],
  ];
  return (
    <Dialog title={t("chat.details")} onClose={onClose}>
      <dl className={styles.facts}>
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </Dialog>
  );
}
