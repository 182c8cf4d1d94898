import type { Agent } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { MessageSquarePlus, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useSession } from "../session/session.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { DeleteDialog } from "../ui/delete-dialog.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { wordsOf } from "../words-of.ts";
import { AgentForm } from "./agent-form.tsx";
import styles from "./agents.module.css";
import { agentsKey, useAgents } from "./use-agents.ts";

/** Every agent: to talk to, to change, to delete, and the way to a new one. */
export default function AgentsPage() {
  const { t } = useTranslation();
  const { data: agents, error, refetch } = useAgents();
  const [edited, setEdited] = useState<Agent | "new" | null>(null);
  const [deleted, setDeleted] = useState<Agent | null>(null);
  return (
    <PageFrame
      title={t("agents.title")}
      actions={
        <Button onClick={() => setEdited("new")}>
          <Plus size={17} aria-hidden /> {t("agents.create")}
        </Button>
      }
    >
      <p className={styles.about}>{t("agents.about")}</p>
      {error && !agents && (
        <p role="alert">
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {agents?.length === 0 && <p className={styles.none}>{t("agents.empty")}</p>}
      <ul className={styles.list}>
        {agents?.map((agent) => (
          <li key={agent.id} className={styles.agent}>
            <h2 dir="auto">{agent.name}</h2>
            <p className={styles.instructions} dir="auto">
              {agent.instructions}
            </p>
            <p className={styles.facts}>
              {agent.model ?? t("chat.usualModel")}
              {agent.temperature !== null &&
                ` · ${t("agents.temperatureIs", { value: agent.temperature })}`}
            </p>
            <div className={styles.tools}>
              <Link href={`/?agent=${encodeURIComponent(agent.id)}`} className={styles.talk}>
                <MessageSquarePlus size={16} aria-hidden /> {t("agents.talk")}
              </Link>
              <IconButton
                label={t("agents.edit", { name: agent.name })}
                onClick={() => setEdited(agent)}
              >
                <Pencil size={16} aria-hidden />
              </IconButton>
              <IconButton
                label={t("agents.delete", { name: agent.name })}
                onClick={() => setDeleted(agent)}
              >
                <Trash2 size={16} aria-hidden />
              </IconButton>
            </div>
          </li>
        ))}
      </ul>
      {edited && (
        <AgentForm agent={edited === "new" ? null : edited} onClose={() => setEdited(null)} />
      )}
      {deleted && <DeleteAgent agent={deleted} onClose={() => setDeleted(null)} />}
    </PageFrame>
  );
}

function DeleteAgent({ agent, onClose }: { readonly agent: Agent; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const remove = async () => {
    await client.agents.delete(agent.id);
    await queries.invalidateQueries({ queryKey: agentsKey });
  };
  return (
    <DeleteDialog
      title={t("agents.delete", { name: agent.name })}
      text={t("agents.deleteText")}
      done={t("agents.deleted", { name: agent.name })}
      onDelete={remove}
      onClose={onClose}
    />
  );
}
