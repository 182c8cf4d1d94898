import type { Pace } from "../../../domain/turns-of-the-loop.ts";
import { isObject, type Loose, listOrEmpty, textOrNull } from "../loose.ts";

type Node = { readonly parent: string | null; readonly message: Loose | null };

/** A message with the id of its node. */
export type BranchMessage = { readonly nodeId: string; readonly message: Loose };

/**
 * The messages of the branch that was shown last, first to last: the way up from `currentNode`, or
 * the longest way there is where that names no node.
 */
export async function shownBranch(
  mapping: Loose,
  currentNode: unknown,
  pace: Pace,
): Promise<BranchMessage[]> {
  const nodes = await nodesOf(mapping, pace);
  const leaf =
    typeof currentNode === "string" && nodes.has(currentNode)
      ? currentNode
      : await deepestOf(nodes, pace);
  const branch: BranchMessage[] = [];
  for (const nodeId of wayUp(nodes, leaf)) {
    const message = nodes.get(nodeId)?.message;
    if (message) branch.push({ nodeId, message });
    if (pace.isDue()) await pace.pause();
  }
  return branch.reverse();
}

/** A node may name its parent, or only the parent's list of children names the node. */
async function nodesOf(mapping: Loose, pace: Pace): Promise<Map<string, Node>> {
  const entries = Object.entries(mapping).flatMap(([id, node]): [string, Loose][] =>
    isObject(node) ? [[id, node]] : [],
  );
  const parents = new Map<string, string>();
  for (const [id, node] of entries)
    for (const child of listOrEmpty(node.children)) {
      if (typeof child === "string") parents.set(child, id);
      if (pace.isDue()) await pace.pause();
    }
  const nodes = new Map<string, Node>();
  for (const [id, { parent, message }] of entries) {
    nodes.set(id, {
      parent: textOrNull(parent) ?? parents.get(id) ?? null,
      message: isObject(message) ? message : null,
    });
    if (pace.isDue()) await pace.pause();
  }
  return nodes;
}

/** Yields the nodes from this one to its root; stops where a circle would close. */
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

async function deepestOf(nodes: ReadonlyMap<string, Node>, pace: Pace): Promise<string | null> {
  const depths = new Map<string, number>();
  let deepest: string | null = null;
  for (const id of nodes.keys()) {
    const way: string[] = [];
    for (const above of wayUp(nodes, id)) {
      if (depths.has(above)) break;
      way.push(above);
      if (pace.isDue()) await pace.pause();
    }
    const top = way.at(-1);
    let depth = depths.get((top && nodes.get(top)?.parent) ?? "") ?? 0;
    for (const below of way.reverse()) {
      depths.set(below, ++depth);
      if (pace.isDue()) await pace.pause();
    }
    if ((depths.get(id) ?? 0) > (depths.get(deepest ?? "") ?? 0)) deepest = id;
  }
  return deepest;
}
