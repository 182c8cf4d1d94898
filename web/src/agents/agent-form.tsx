import type { Agent } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useModels } from "../chat/use-models.ts";
import { useSession } from "../session/session.tsx";
import { FormDialog, textIn } from "../ui/form-dialog.tsx";
import { SelectField, TextArea, TextField } from "../ui/text-field.tsx";
import { agentsKey } from "./use-agents.ts";

/** Makes an agent, or changes one. */
export function AgentForm({
  agent,
  onClose,
}: {
  readonly agent: Agent | null;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const { data: models = [] } = useModels();

  const save = async (form: FormData) => {
    const text = (name: string) => textIn(form, name) ?? "";
    const input = {
      name: text("name"),
      instructions: text("instructions"),
      model: text("model") || null,
      temperature: text("temperature") === "" ? null : Number(text("temperature")),
      voice: text("voice") || null,
      tools: toolsIn(text("tools"), agent),
    };
    if (agent) await client.agents.replace(agent.id, input);
    else await client.agents.create(input);
    await queries.invalidateQueries({ queryKey: agentsKey });
    onClose();
  };

  const offered = models.map(({ id }) => id);
  const listed =
    agent?.model && !offered.includes(agent.model) ? [agent.model, ...offered] : offered;
  return (
    <FormDialog
      title={agent ? t("agents.edit", { name: agent.name }) : t("agents.create")}
      onSubmit={save}
      onClose={onClose}
    >
      <TextField
        label={t("agents.name")}
        name="name"
        defaultValue={agent?.name}
        required
        autoFocus
      />
      <TextArea
        label={t("agents.instructions")}
        hint={t("agents.instructionsHint")}
        name="instructions"
        defaultValue={agent?.instructions}
        required
      />
      <SelectField label={t("chat.model")} name="model" defaultValue={agent?.model ?? ""}>
        <option value="">{t("agents.anyModel")}</option>
        {listed.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </SelectField>
      <TextField
        label={t("agents.temperature")}
        hint={t("agents.temperatureHint")}
        name="temperature"
        type="number"
        min={0}
        max={2}
        step={0.1}
        defaultValue={agent?.temperature ?? ""}
      />
      <TextField
        label={t("agents.voice")}
        hint={t("agents.voiceHint")}
        name="voice"
        defaultValue={agent?.voice ?? ""}
      />
      <TextField
        label={t("agents.tools")}
        hint={t("agents.toolsHint")}
        name="tools"
        defaultValue={agent?.tools?.join(", ")}
      />
    </FormDialog>
  );
}

/** The labels in that text. An empty one means all tools, but for an agent that has none. */
function toolsIn(text: string, agent: Agent | null): readonly string[] | null {
  const labels = text
    .split(",")
    .map((label) => label.trim())
    .filter((label) => label !== "");
  if (labels.length > 0) return labels;
  return agent?.tools?.length === 0 ? [] : null;
}
