import type { Config } from "../../config/config.ts";
import type { SourceView } from "../../core/tools/sources.ts";
import { VERSION } from "../../version.ts";
import { openToolSources } from "../../wiring/tool-sources.ts";
import type { Storage } from "../storage.ts";
import { counted } from "../wording.ts";
import { type Finding, failure, fine, warning } from "./finding.ts";

const CHECK = "tool sources";

/**
 * Checks which sources of tools answer, and which of their tools are off because they have changed.
 * @param storage null: it cannot be used, and what was accepted is not known
 */
export async function checkToolSources(
  config: Config,
  storage: Storage | null,
): Promise<Finding[]> {
  if (config.tools.sources.length === 0) return [];
  await using store = storage && (await storage.open());
  const looking = {
    getAcceptedTools: async (source: string) => (await store?.getAcceptedTools(source)) ?? null,
    // It only looks.
    putAcceptedTools: async () => true,
    noteTriedCall: async () => {},
  };
  await using sources = await openToolSources(config.tools.sources, looking, { version: VERSION });
  await sources.listed();
  return (await sources.list()).map(findingOf);
}

function findingOf({ label, isUp, problem, wantsSignIn, tools }: SourceView): Finding {
  const name = `'${label}'`;
  if (!isUp)
    return failure(
      CHECK,
      `${name} does not answer: ${problem ?? "it was not connected to in time"}`,
      "start it, or correct its entry in the file that TOOL_SOURCES names",
    );
  const off = tools.flatMap((tool) =>
    tool.state === "changed" || tool.state === "new" ? `${tool.name} (${tool.state})` : [],
  );
  if (off.length > 0)
    return warning(
      CHECK,
      `${name} answers; off until an operator accepts them: ${off.join(", ")}`,
      `look at what they are now, and accept them, on the page "Tool sources" of the web app (/app/sources)`,
    );
  if (problem !== null && wantsSignIn)
    return warning(
      CHECK,
      `${name} answers, and each user signs in to it. ${problem}`,
      `sign in to it on the page "Tool sources" of the web app (/app/sources)`,
    );
  if (problem !== null)
    return warning(CHECK, `${name} answers, but ${problem}`, "tell whoever maintains the source");
  const count = tools.filter(({ state }) => state === "on").length;
  const signIn = wantsSignIn ? "; each user signs in to it" : "";
  return fine(CHECK, `${name} answers: ${counted(count, "tool")}${signIn}`);
}
