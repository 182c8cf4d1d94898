import type { ToolOffer } from "../../ports/model.ts";
import type { ServerTool } from "../../ports/tools.ts";

/** The tools that the server runs for its models. Those of sources come and go. */
export type Tools = {
  /** What models are told of. @param canAsk whether somebody can be asked whether a call is made */
  offers(canAsk: boolean): readonly ToolOffer[];
  /** Undefined: the server has no tool of that name, or the client has. */
  find(name: string): ServerTool | undefined;
  /** Whether the client of the turn makes the calls of that tool. */
  isOfClient(name: string): boolean;
};

/**
 * @param present the tools that there are now, of names that differ: the same list until one of them
 * changes
 */
function createTools(present: () => readonly ServerTool[]): Tools {
  let known = listOf([]);
  const now = () => {
    const all = present();
    if (known.all !== all) known = listOf(all);
    return known;
  };
  return {
    offers: (canAsk) => (canAsk ? now().offers : now().offersWithoutAsking),
    find: (name) => now().byName.get(name),
    isOfClient: () => false,
  };
}

/** @param others the same list until one of them changes @returns null if there are never any */
export function toolsOf(
  own: readonly ServerTool[],
  others: (() => readonly ServerTool[]) | null,
): Tools | null {
  if (!others) return own.length > 0 ? createTools(() => own) : null;
  let known = others();
  let all = [...own, ...known];
  return createTools(() => {
    const now = others();
    if (now !== known) all = [...own, ...now];
    known = now;
    return all;
  });
}

/** Which of the server's tools a turn may use, by the names that models are offered. */
export type ChosenTools = {
  readonly names: readonly string[];
  /** Those of them that are used only after somebody was asked, each time, whatever was remembered. */
  readonly asking: readonly string[];
};

/** Those tools alone. */
export function withChosen(tools: Tools | null, chosen: ChosenTools | undefined): Tools | null {
  if (!tools || !chosen) return tools;
  const names = new Set(chosen.names);
  return {
    offers: (canAsk) => tools.offers(canAsk).filter(({ name }) => names.has(name)),
    find: (name) => (names.has(name) ? tools.find(name) : undefined),
    isOfClient: tools.isOfClient,
  };
}

/** The tools of a turn whose client brings some, too. A tool of the server's with the name of one of these is not used. */
export function withClientTools(tools: Tools | null, names: readonly string[]): Tools {
  const ofClient = new Set(names);
  const offers = (canAsk: boolean) => tools?.offers(canAsk) ?? [];
  return {
    offers: (canAsk) => offers(canAsk).filter(({ name }) => !ofClient.has(name)),
    find: (name) => (ofClient.has(name) ? undefined : tools?.find(name)),
    isOfClient: (name) => ofClient.has(name),
  };
}

function listOf(all: readonly ServerTool[]) {
  return {
    all,
    byName: new Map(all.map((tool) => [tool.name, tool])),
    offers: all.map(offerOf),
    offersWithoutAsking: all.filter(({ asks }) => !asks).map(offerOf),
  };
}

const offerOf = ({ name, description, parameters }: ServerTool): ToolOffer => ({
  name,
  description,
  parameters,
  strict: null,
});
