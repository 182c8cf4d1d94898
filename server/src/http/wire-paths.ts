import type { Wire } from "./wire.ts";

export type WirePaths = {
  /** Notes that the path, as a route's pattern, is one of the wire's. */
  add(path: string, wire: Wire): void;
  /**
   * The wire whose words an error on that path is told in: that of the route there, or else the wire that has the
   * most routes below the longest beginning that the path shares with any. Null: no wire has one there, or several
   * have equally many. The order of the wires plays no part.
   */
  find(path: string): Wire | null;
};

type Route = { readonly wire: Wire; readonly segments: readonly string[] };

/** The part of a path that routes share with it. */
type Likeness = { readonly shared: number; readonly isWhole: boolean; readonly fixed: number };

export function createWirePaths(): WirePaths {
  const routes = new Map<string, Route>();
  return {
    add(path, wire) {
      const segments = segmentsOf(path);
      routes.set(`${wire.name} ${segments.join("/")}`, { wire, segments });
    },
    find(path) {
      const segments = segmentsOf(path);
      let best: Likeness = { shared: segments.length === 0 ? 0 : 1, isWhole: false, fixed: 0 };
      const counts = new Map<Wire, number>();
      for (const route of routes.values()) {
        const likeness = likenessOf(route.segments, segments);
        const order = compare(likeness, best);
        if (order < 0) continue;
        if (order > 0) counts.clear();
        best = likeness;
        counts.set(route.wire, (counts.get(route.wire) ?? 0) + 1);
      }
      const [first, second] = [...counts].sort(([, one], [, other]) => other - one);
      return first && first[1] !== second?.[1] ? first[0] : null;
    },
  };
}

const segmentsOf = (path: string): readonly string[] => path.split("/").filter(Boolean);

function likenessOf(route: readonly string[], path: readonly string[]): Likeness {
  let shared = 0;
  let fixed = 0;
  for (; shared < route.length && shared < path.length; shared++) {
    const segment = route[shared] ?? "";
    if (segment === "*") return { shared: path.length, isWhole: true, fixed };
    if (segment === path[shared]) fixed++;
    else if (!segment.startsWith(":")) break;
  }
  return { shared, isWhole: shared === route.length && shared === path.length, fixed };
}

const compare = (one: Likeness, other: Likeness): number =>
  one.shared - other.shared ||
  Number(one.isWhole) - Number(other.isWhole) ||
  one.fixed - other.fixed;
