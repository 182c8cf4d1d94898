import { AppError } from "../../domain/errors.ts";
import { isMeantBy, type ModelPatterns } from "../../domain/model-patterns.ts";
import type { ModelInfo, ModelProvider } from "../../ports/model.ts";

/** The names of one model, any of which a pattern may match. */
export type NamedModel = {
  readonly provider: ModelProvider;
  /** The name that its provider uses. */
  readonly model: string;
  /** The name in the request; null: the default model. */
  readonly asked: string | null;
};

const MAX_SHOWN = 10;
const MAX_SHOWN_CHARACTERS = 100;

export const namesOf = ({ provider, model, asked }: NamedModel): string[] => [
  model,
  `${provider.name}/${model}`,
  ...(asked === null ? [] : [asked]),
];

/** @param whose the word before "model": `the`, `the agent's`, … */
export const notOfTheServer = (name: string, whose: string, offered: readonly string[]): AppError =>
  refused(
    `This server does not offer ${whose} model '${shown(name)}'. It offers ${few(offered)}; GET /v1/chat/models lists them`,
  );

/** @param asked null: the default model, which the key's list leaves out */
export function refusalOfKey(
  named: NamedModel,
  allowed: ModelPatterns | null,
  whose: string,
): AppError | null {
  if (allowed === null || isMeantBy(namesOf(named), allowed)) return null;
  const { asked, model } = named;
  return refused(
    asked === null
      ? `This key may not use the server's default model '${shown(model)}'. Name one that it may use: ${few(allowed)}`
      : `This key may not use ${whose} model '${shown(asked)}'. It may use ${few(allowed)}`,
  );
}

/** Ollama leaves the tag out where it is `latest`. */
export const isListed = (list: readonly ModelInfo[], model: string): boolean =>
  list.some(({ id }) => id === model || id === `${model}:latest`);

const refused = (message: string): AppError =>
  new AppError("model_refused", message, { field: "model" });

const shown = (name: string): string =>
  name.length > MAX_SHOWN_CHARACTERS ? `${name.slice(0, MAX_SHOWN_CHARACTERS)}…` : name;

function few(names: readonly string[]): string {
  const more = names.length - MAX_SHOWN;
  const first = names.slice(0, MAX_SHOWN).map(shown).join(", ");
  return more > 0 ? `${first} and ${more} more` : first;
}
