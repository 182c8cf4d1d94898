/** What a text is made of once it is formatted: text, or an element with React's names of properties. */
export type TreeNode = string | TreeElement;

export type TreeElement = {
  readonly tag: string;
  readonly props: Readonly<Record<string, string | number | boolean | StyleValues>>;
  readonly children: readonly TreeNode[];
};

export type StyleValues = Readonly<Record<string, string>>;

/** A block of text to format, or program text to colour. */
export type FormatRequest =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly code: string; readonly language: string };

/**
 * `too_large`: more elements, or deeper, than a page can show at once. `too_slow`: the time for it was over.
 * `unavailable`: what formats could not be loaded.
 */
export type FormatProblem = "too_large" | "too_slow" | "unavailable";

export type Formatted =
  | { readonly nodes: readonly TreeNode[]; readonly nodeCount: number }
  | { readonly problem: FormatProblem };

/**
 * What the worker says: that it is there, that a request waits for a part of it that is not there yet, and has it
 * now, or what has become of the request that it was given last.
 */
export type WorkerAnswer =
  | { readonly kind: "ready" | "loading" | "loaded" }
  | { readonly kind: "formatted"; readonly formatted: Formatted };

/** A browser draws so many elements in less than a tenth of a second. */
const MAX_BLOCK_NODES = 5_000;
const MAX_DEPTH = 60;

/** Counts the nodes of a tree while it is built. */
export class NodeBudget {
  count = 0;
  readonly #max: number;

  constructor(max: number = MAX_BLOCK_NODES) {
    this.#max = max;
  }

  /** @throws TooLargeError */
  take(depth: number): void {
    this.count += 1;
    if (this.count > this.#max || depth > MAX_DEPTH) throw new TooLargeError();
  }
}

export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}
