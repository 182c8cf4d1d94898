import type { Config } from "../../config/config.ts";
import { createModels, type OfferedModel } from "../../core/models.ts";
import { isMeantBy } from "../../domain/model-patterns.ts";
import type { Providers } from "../../wiring/providers.ts";
import { counted } from "../wording.ts";
import { type Finding, fine, warning } from "./finding.ts";

const CHECK = "MODELS";

/** Checks that MODELS matches models that exist, including the default model. */
export function checkAllowedModels(
  config: Config,
  chosen: Providers,
  offered: readonly OfferedModel[],
): Finding[] {
  const { models: allowed } = config;
  if (!allowed) return [];
  const meant = (pattern: string) =>
    offered.filter(({ id, provider }) => isMeantBy([id, `${provider}/${id}`], [pattern]));
  const count = new Set(allowed.flatMap(meant)).size;
  const unknown =
    offered.length > 0 ? allowed.filter((pattern) => meant(pattern).length === 0) : [];
  const found: Finding[] = [];
  if (count > 0) found.push(fine(CHECK, `means ${counted(count, "model")} of ${offered.length}`));
  if (unknown.length > 0)
    found.push(
      warning(
        CHECK,
        `matches no model that is offered: ${unknown.join(", ")}`,
        "correct the names; GET /v1/chat/models of a server without MODELS lists them",
      ),
    );
  const { defaultModel } = chosen;
  const strict = createModels(chosen.providers, {
    defaultModel,
    isDefaultChosen: false,
    allowed,
    fallbacks: [],
    contextTokens: null,
  });
  if (strict.refusal(null, null))
    found.push(
      config.model
        ? warning(
            CHECK,
            `leaves out MODEL=${config.model}, which may be used all the same`,
            "add it to MODELS, or set MODEL to one that MODELS means",
          )
        : warning(
            CHECK,
            `leaves out the default model ${defaultModel}: what names no model is refused`,
            "set MODEL to one that MODELS means",
          ),
    );
  return found;
}
