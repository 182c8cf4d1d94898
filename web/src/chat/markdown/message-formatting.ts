import { atNextFrame } from "../live/at-next-frame.ts";
import type { Formatter } from "./formatter.ts";
import type { Block } from "./split-blocks.ts";
import type { FormatProblem, FormatRequest, Formatted, TreeNode } from "./tree.ts";

/**
 * So many looks at the clock a text is held back for the sake of its format, and is then shown as it was written:
 * a quarter of a second, and longer on a machine that is too busy for such looks, and so for formatting.
 */
const PATIENCE_LOOKS = 5;
/** The same while what formats is being loaded. */
const LOADING_PATIENCE_LOOKS = 60;
const LOOK_MS = 50;
/** Nodes that a browser adds while nobody notices; then it may take a key. */
export const PIECE_NODES = 800;

export type CodeView = Extract<Block, { kind: "code" }>;

/** How a block is shown. `waiting`: not yet. `plain`: as it was written; without a problem, only for now. */
export type BlockView =
  | { readonly kind: "waiting"; readonly text: string }
  | { readonly kind: "plain"; readonly text: string; readonly problem: FormatProblem | null }
  | {
      readonly kind: "formatted";
      readonly nodes: readonly TreeNode[];
      readonly nodeCount: number;
      /** What has come since, where formatting it takes long: as it was written. */
      readonly rest: string;
    }
  | CodeView;

type Place = {
  /** The newest text of the block. */
  text: string;
  shown: { readonly text: string; readonly formatted: Formatted } | null;
  isAsked: boolean;
  /** So many looks at the clock its newest text has waited for its format. */
  looks: number;
  /** Those were too many. */
  isLate: boolean;
  view: BlockView | null;
};

export type MessageFormatting = ReturnType<typeof createMessageFormatting>;

/**
 * The formatting of one message, which may grow. A block that grows is shown as it was formatted last, until it is
 * formatted anew; a view that says the same is the same object.
 * @param onChange the views are others now
 */
export function createMessageFormatting(formatter: Formatter, onChange: () => void) {
  let places: Place[] = [];
  let isClosed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** There are views that the last draw left as they were. */
  let isBehind = false;
  /** Nodes that may still be added in this frame: the page is often drawn more than once for one frame. */
  let nodesLeft = PIECE_NODES;

  /** Answers come one by one; what they change is drawn together, once the frame before it is on the screen. */
  const change = atNextFrame(() => {
    setTimeout(() => {
      nodesLeft = PIECE_NODES;
      if (!isClosed) onChange();
    });
  });
  const requestOf = ({ text }: Place): FormatRequest => ({ kind: "text", text });
  const isCurrent = ({ shown, text }: Place) => shown?.text === text;
  const ask = async (place: Place) => {
    const { text } = place;
    place.isAsked = true;
    const isWanted = () => !isClosed && places.includes(place);
    const formatted = await formatter.format(requestOf(place), isWanted);
    place.isAsked = false;
    if (formatted && place.text.startsWith(text)) place.shown = { text, formatted };
    // What has come late once is shown at once until all of it is formatted: nothing goes that was there.
    if (isCurrent(place)) place.isLate = false;
    place.looks = 0;
    change();
  };
  const placeAt = (index: number, text: string): Place => {
    const before = places[index];
    const isSame = before !== undefined && text.startsWith(before.text);
    const place = isSame ? before : newPlace(text);
    place.text = text;
    places[index] = place;
    if (!isCurrent(place)) {
      const formatted = formatter.known(requestOf(place));
      if (formatted) place.shown = { text, formatted };
    }
    return place;
  };
  const viewOf = (place: Place): BlockView => {
    const { shown, text, view } = place;
    if (shown && "nodes" in shown.formatted) {
      const { nodes, nodeCount } = shown.formatted;
      const rest = place.isLate ? text.slice(shown.text.length) : "";
      const isShown = view?.kind === "formatted" && view.nodes === nodes && view.rest === rest;
      return isShown ? view : { kind: "formatted", nodes, nodeCount, rest };
    }
    const problem = shown && "problem" in shown.formatted ? shown.formatted.problem : null;
    if (!problem && !place.isLate)
      return view?.kind === "waiting" && view.text === text ? view : { kind: "waiting", text };
    const isShown = view?.kind === "plain" && view.text === text && view.problem === problem;
    return isShown ? view : { kind: "plain", text, problem };
  };
  const lookAtClock = () => {
    timer = undefined;
    if (isClosed) return;
    const patience = formatter.isLoaded() ? PATIENCE_LOOKS : LOADING_PATIENCE_LOOKS;
    for (const place of places) {
      if (!place?.isAsked || place.isLate) continue;
      place.looks += 1;
      if (place.looks < patience) continue;
      place.isLate = true;
      change();
    }
    lookAgain();
  };
  const lookAgain = () => {
    if (places.some((place) => place && !isCurrent(place) && !place.isLate))
      timer ??= setTimeout(lookAtClock, LOOK_MS);
  };

  return {
    /**
     * How the blocks are shown now, from the first on, until they are `maxNodes` nodes. What would be more than
     * PIECE_NODES new nodes in a frame comes with the next one, which `ask` brings about: until then a block that
     * is there stays as it is.
     * @returns `views`: fewer than the blocks where those would be more; `isBehind`: the next frame shows more
     */
    views(
      blocks: readonly Block[],
      maxNodes: number,
    ): { readonly views: readonly BlockView[]; readonly isBehind: boolean } {
      const views: BlockView[] = [];
      let nodes = 0;
      isBehind = false;
      for (const block of blocks) {
        if (nodes >= maxNodes) break;
        let view = block.kind === "code" ? block : viewOf(placeAt(views.length, block.text));
        const place = block.kind === "text" ? places[views.length] : undefined;
        if (place && view !== place.view) {
          if (nodesLeft <= 0) {
            isBehind = true;
            if (!place.view) break;
            view = place.view;
          } else nodesLeft -= weightOf(view);
          place.view = view;
        }
        views.push(view);
        nodes += weightOf(view);
      }
      places = places.slice(0, views.length);
      return { views, isBehind };
    },
    /** Asks for what is missing in the views. */
    ask(): void {
      isClosed = false;
      if (isBehind) change();
      const missing = places.filter((place) => place && !isCurrent(place));
      for (const place of missing) if (!place.isAsked) void ask(place);
      lookAgain();
    },
    close(): void {
      isClosed = true;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

const newPlace = (text: string): Place => ({
  text,
  shown: null,
  isAsked: false,
  looks: 0,
  isLate: false,
  view: null,
});

/** About how many nodes a view is in the page. */
function weightOf(view: BlockView): number {
  if (view.kind === "formatted") return 1 + view.nodeCount;
  return view.kind === "code" ? 20 + view.code.length / 20 : 5 + view.text.length / 50;
}
