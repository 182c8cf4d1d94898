import type { Pace } from "../../../domain/turns-of-the-loop.ts";
import { isObject, type Loose, listOrEmpty, textOrNull } from "../loose.ts";

/** A node of the tree. */
export type TreeNode = {
  readonly nodeId: string;
  /** The index of the node above it in the list; null for a root. */
  readonly parent: number | null;
  readonly message: Loose | null;
};

export type Tree = {
  /** Each node comes after its parent, and right before the tree of its first child. */
  readonly nodes: readonly TreeNode[];
  /** The index of the node that was shown last; null if the export names none. */
  readonly shown: number | null;
};

/**
 * The nodes of a mapping as a tree, whatever it is: a node whose parent is missing is a root, and a circle is opened.
 * Children are in the order in which their parent lists them.
 */
export async function treeOf(mapping: Loose, currentNode: unknown, pace: Pace): Promise<Tree> {
  const given = new Map(
    Object.entries(mapping).flatMap(([id, node]): [string, Loose][] =>
      isObject(node) ? [[id, node]] : [],
    ),
  );
  const parents = await parentsOf(given, pace);
  const current = typeof currentNode === "string" && given.has(currentNode) ? currentNode : null;
  await openCircles(parents, current, pace);
  const children = await childrenOf(given, parents, pace);

  const nodes: TreeNode[] = [];
  const ahead = stackOf(children.get(null) ?? [], null);
  let shown: number | null = null;
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    const { id, parent } = next;
    const message = given.get(id)?.message;
    if (id === current) shown = nodes.length;
    const index = nodes.push({ nodeId: id, parent, message: isObject(message) ? message : null });
    for (const below of stackOf(children.get(id) ?? [], index - 1)) ahead.push(below);
    if (pace.isDue()) await pace.pause();
  }
  return { nodes, shown };
}

/** A stack from which the first one is taken first. */
const stackOf = (ids: readonly string[], parent: number | null) =>
  ids.map((id) => ({ id, parent })).reverse();

type Parents = Map<string, string | null>;

/** A node may name its parent, or only the parent's list of children names the node. */
async function parentsOf(given: ReadonlyMap<string, Loose>, pace: Pace): Promise<Parents> {
  const listed = new Map<string, string>();
  for (const [id, node] of given)
    for (const child of listOrEmpty(node.children)) {
      if (typeof child === "string") listed.set(child, id);
      if (pace.isDue()) await pace.pause();
    }
  const parents: Parents = new Map();
  for (const [id, node] of given) {
    const named = textOrNull(node.parent);
    parents.set(id, named !== null && given.has(named) ? named : (listed.get(id) ?? null));
    if (pace.isDue()) await pace.pause();
  }
  return parents;
}

/** Makes a root of the node where the way up would close a circle. The way up from the node that was shown is first. */
async function openCircles(parents: Parents, current: string | null, pace: Pace): Promise<void> {
  const open = new Set<string>();
  for (const start of current === null ? parents.keys() : [current, ...parents.keys()]) {
    const way = new Set<string>();
    let last: string | null = null;
    for (let id: string | null = start; id !== null && !open.has(id); ) {
      if (way.has(id)) {
        if (last !== null) parents.set(last, null);
        break;
      }
      way.add(id);
      last = id;
      id = parents.get(id) ?? null;
      if (pace.isDue()) await pace.pause();
    }
    for (const id of way) open.add(id);
  }
}

/** The children of each node, and under null the roots. */
async function childrenOf(
  given: ReadonlyMap<string, Loose>,
  parents: ReadonlyMap<string, string | null>,
  pace: Pace,
): Promise<ReadonlyMap<string | null, readonly string[]>> {
  const children = new Map<string | null, string[]>();
  const known = new Set<string>();
  const add = (parent: string | null, id: string) => {
    known.add(id);
    const siblings = children.get(parent);
    if (siblings) siblings.push(id);
    else children.set(parent, [id]);
  };
  for (const [id, node] of given)
    for (const child of listOrEmpty(node.children)) {
      if (typeof child === "string" && parents.get(child) === id && !known.has(child))
        add(id, child);
      if (pace.isDue()) await pace.pause();
    }
  for (const [id, parent] of parents) {
    if (!known.has(id)) add(parent, id);
    if (pace.isDue()) await pace.pause();
  }
  return children;
}
