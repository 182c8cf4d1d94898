import { Bot, Columns2, X } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useAgents } from "../agents/use-agents.ts";
import { IconButton } from "../ui/button.tsx";
import { Face } from "../ui/face.tsx";
import { Picker } from "../ui/picker.tsx";
import styles from "./choices.module.css";
import { useModels } from "./use-models.ts";

const NONE = "";

/**
 * A model that was chosen before, as far as the server offers it now.
 * @returns `shown`: null for the usual one; `asked`: what a message has to name, null where nothing; `answering`: who
 *   answers, null where the server's models are not known
 */
export function useChosenModel(chosen: string | null) {
  const { data: models } = useModels();
  const isOffered = models?.some(({ id }) => id === chosen) ?? false;
  const usual = models?.find(({ is_default }) => is_default)?.id ?? null;
  const shown = isOffered ? chosen : null;
  const answering = shown ?? usual;
  return { shown, asked: chosen === null ? null : answering, answering };
}

/** Which model answers; what was chosen holds only while the server offers it. */
export function ModelPicker({
  model,
  ofAgent,
  onPick,
  onCompare,
  className,
}: {
  readonly model: string | null;
  /** The model of the agent's own, which answers where none is chosen; null: it has none. */
  readonly ofAgent: string | null;
  readonly onPick: (model: string | null) => void;
  /** With the model that is to answer the next question, too. */
  readonly onCompare: (model: string) => void;
  readonly className?: string | undefined;
}) {
  const { t } = useTranslation();
  const { data: models = [] } = useModels();
  const [isComparing, setComparing] = useState(false);
  const usual = models.find(({ is_default }) => is_default);
  const options = useMemo(
    () =>
      models.map(({ id, name, provider, is_default, context_tokens: tokens }) => ({
        value: id,
        name,
        note: [is_default && t("chat.usualModel"), name === id ? null : id, provider]
          .filter(Boolean)
          .join(" · "),
        facts: tokens === null ? undefined : t("chat.contextTokens", { size: shortened(tokens) }),
      })),
    [models, t],
  );
  if (!usual) return null;
  const unchosen = options.some(({ value }) => value === ofAgent) ? (ofAgent ?? "") : usual.id;
  const answering = model ?? unchosen;
  const others = options.filter(({ value }) => value !== answering);
  return (
    <Picker
      label={t("chat.model")}
      value={answering}
      options={isComparing ? others : options}
      shown={options.find(({ value }) => value === answering)?.name}
      onPick={(picked) => {
        if (isComparing) onCompare(picked);
        else onPick(picked === unchosen ? null : picked);
      }}
      onHide={() => setComparing(false)}
      searchLabel={
        isComparing
          ? t("compare.search", { count: others.length })
          : t("chat.searchModels", { count: models.length })
      }
      footer={
        others.length > 0 && (
          <div className={styles.footer}>
            <button
              type="button"
              className={styles.compare}
              aria-pressed={isComparing}
              onClick={({ currentTarget }) => {
                setComparing(!isComparing);
                currentTarget
                  .closest("[role=dialog], [role=listbox]")
                  ?.querySelector<HTMLElement>("[role=combobox]")
                  ?.focus();
              }}
            >
              <Columns2 size={16} aria-hidden /> {t("compare.with")}
            </button>
          </div>
        )
      }
      isAtTop
      className={className}
    />
  );
}

/** As it is said: 128k, 1M. */
const shortened = (tokens: number): string =>
  tokens >= 1_000_000
    ? `${Math.round(tokens / 100_000) / 10}M`
    : tokens >= 1_000
      ? `${Math.round(tokens / 1_000)}k`
      : String(tokens);

/** Whose instructions the replies follow: a chip with the way out of it, once there is an agent. */
export function AgentChoice({
  agentId,
  onPick,
}: {
  readonly agentId: string | null;
  readonly onPick: (agentId: string | null) => void;
}) {
  const { t } = useTranslation();
  const { data: agents = [] } = useAgents();
  const options = useMemo(
    () => [
      { value: NONE, name: t("agents.none") },
      ...agents.map(({ id, name, instructions }) => ({
        value: id,
        name,
        note: instructions.slice(0, 80),
      })),
    ],
    [agents, t],
  );
  const agent = agents.find(({ id }) => id === agentId);
  const picker = (
    <Picker
      label={t("agents.agent")}
      value={agent?.id ?? NONE}
      options={options}
      onPick={(picked) => onPick(picked === NONE ? null : picked)}
      icon={agent ? <Face name={agent.name} isAgent /> : <Bot size={15} aria-hidden />}
      footer={
        <Link href="/agents" className={styles.footer}>
          {t("agents.manage")}
        </Link>
      }
    />
  );
  if (!agent) return picker;
  return (
    <span className={styles.chip}>
      {picker}
      <IconButton
        label={t("agents.leave", { name: agent.name })}
        className={styles.leave}
        onClick={() => onPick(null)}
      >
        <X size={15} aria-hidden />
      </IconButton>
    </span>
  );
}
