import { isObject, type Loose, listOrEmpty, textOrNull } from "../loose.ts";

type Node = { readonly parent: string | null; readonly message: Loose | null };

/** A message with the id of the node it stands in. */
export type BranchMessage = { readonly nodeId: string; readonly message: Loose };

/**
 * The messages of the branch that was shown last, first to last: the way up from `currentNode`, or
 * the longest way there is where that names no node.
 */
export function shownBranch(mapping: Loose, currentNode: unknown): BranchMessage[] {
  const nodes = nodesOf(mapping);
  const leaf =
    typeof currentNode === "string" && nodes.has(currentNode) ? currentNode : deepestOf(nodes);
  const branch: BranchMessage[] = [];
  for (const nodeId of wayUp(nodes, leaf)) {
    const message = nodes.get(nodeId)?.message;
    if (message) branch.push({ nodeId, message });
  }
  return branch.reverse();
}

/** Parents are named by the node itself, or only by the parent's list of children. */
function nodesOf(mapping: Loose): Map<string, Node> {
  const entries = Object.entries(mapping).flatMap(([id, node]): [string, Loose][] =>
    isObject(node) ? [[id, node]] : [],
  );
  const parents = new Map<string, string>();
  for (const [id, node] of entries)
    for (const child of listOrEmpty(node.children))
      if (typeof child === "string") parents.set(child, id);
  return new Map(
    entries.map(([id, { parent, message }]) => [
      id,
      {
        parent: textOrNull(parent) ?? parents.get(id) ?? null,
        message: isObject(message) ? message : null,
      },
    ]),
  );
}

/** From the node to its root; a circle is left where it would close. */
function* wayUp(nodes: ReadonlyMap<string, Node>, leaf: string | null): Generator<string> {
  const seen = new Set<string>();
  for (let id = leaf; id !== null && !seen.has(id); ) {
    const node = nodes.get(id);
    if (!node) return;
    seen.add(id);
    yield id;
    id = node.parent;
  }
}

function deepestOf(nodes: ReadonlyMap<string, Node>): string | null {
  const depths = new Map<string, number>();
  let deepest: string | null = null;
  for (const id of nodes.keys()) {
    const way: string[] = [];
    for (const above of wayUp(nodes, id)) {
      if (depths.has(above)) break;
      way.push(above);
    }
    const top = way.at(-1);
    let depth = depths.get((top && nodes.get(top)?.parent) ?? "") ?? 0;
    for (const below of way.reverse()) depths.set(below, ++depth);
    if ((depths.get(id) ?? 0) > (depths.get(deepest ?? "") ?? 0)) deepest = id;
  }
  return deepest;
}
