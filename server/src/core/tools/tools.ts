import type { ToolOffer } from "../../ports/model.ts";
import type { ServerTool } from "../../ports/tools.ts";

/** The tools that the server runs for its models. Those of sources come and go. */
export type Tools = {
  /** What models are told of. @param canAsk whether somebody can be asked whether a call is made */
  offers(canAsk: boolean): readonly ToolOffer[];
  /** Undefined: there is no tool of that name. */
  find(name: string): ServerTool | undefined;
};

/**
 * @param present the tools that there are now, of names that differ: the same list until one of them
 * changes
 */
export function createTools(present: () => readonly ServerTool[]): Tools {
  let known = listOf([]);
  const now = () => {
    const all = present();
    if (known.all !== all) known = listOf(all);
    return known;
  };
  return {
    offers: (canAsk) => (canAsk ? now().offers : now().offersWithoutAsking),
    find: (name) => now().byName.get(name),
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
