import { Bot, X } from "lucide-react";
import { useMemo } from "react";
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
 * @returns `shown`: null for the usual one; `asked`: what a message has to name, null where nothing
 */
export function useChosenModel(chosen: string | null) {
  const { data: models } = useModels();
  const isOffered = models?.some(({ id }) => id === chosen) ?? false;
  const usual = models?.find(({ is_default }) => is_default)?.id ?? null;
  const shown = isOffered ? chosen : null;
  return { shown, asked: chosen === null ? null : (shown ?? usual) };
}

/** Which model answers; what was chosen holds only while the server offers it. */
export function ModelPicker({
  model,
  onPick,
  className,
}: {
  readonly model: string | null;
  readonly onPick: (model: string | null) => void;
  readonly className?: string | undefined;
}) {
  const { t } = useTranslation();
  const { data: models = [] } = useModels();
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
  return (
    <Picker
      label={t("chat.model")}
      value={model ?? usual.id}
      options={options}
      onPick={(picked) => onPick(picked === usual.id ? null : picked)}
      searchLabel={t("chat.searchModels", { count: models.length })}
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
