import { AppError } from "./errors.ts";
import { checkName, checkStorable } from "./text.ts";

const MAX_TITLE_CHARACTERS = 1000;

/** @throws AppError invalid_request */
export function checkFields({
  title,
  agentId,
  model,
  mode,
}: {
  title?: string | null | undefined;
  agentId?: string | null | undefined;
  model?: string | null | undefined;
  mode?: string | null | undefined;
}): void {
  if (title) {
    checkStorable(title, "title");
    if (title.length > MAX_TITLE_CHARACTERS)
      throw new AppError(
        "invalid_request",
        `title is too long: at most ${MAX_TITLE_CHARACTERS} characters`,
        { field: "title" },
      );
  }
  if (typeof agentId === "string") checkName(agentId, "agentId");
  if (model) checkName(model, "model");
  if (typeof mode === "string") checkName(mode, "mode");
}
