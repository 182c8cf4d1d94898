/*
 * Formats texts beside the page: what takes too long here holds up nobody, and is ended by whoever asked
 * (formatter.ts). One request at a time.
 */
import {
  type FormatRequest,
  type Formatted,
  NodeBudget,
  TooLargeError,
  type TreeNode,
  type WorkerAnswer,
} from "../tree.ts";

import type { Loading } from "./format-text.ts";

const answer = (message: WorkerAnswer): void => postMessage(message);

let text: typeof import("./format-text.ts") | undefined;
let code: typeof import("./colour-code.ts") | undefined;

/** Loading takes as long as the network, and so is in no limit of formatting. */
const loading: Loading = async (load) => {
  answer({ kind: "loading" });
  const part = await load();
  answer({ kind: "loaded" });
  return part;
};

async function nodesOf(request: FormatRequest, budget: NodeBudget): Promise<readonly TreeNode[]> {
  if (request.kind === "text") {
    text ??= await loading(() => import("./format-text.ts"));
    return text.formatText(request.text, budget, loading);
  }
  code ??= await loading(() => import("./colour-code.ts"));
  return code.colourCode(request.code, request.language, budget);
}

async function format(request: FormatRequest): Promise<Formatted> {
  const budget = new NodeBudget();
  try {
    const nodes = await nodesOf(request, budget);
    return { nodes, nodeCount: budget.count };
  } catch (error) {
    // A RangeError is the end of the stack: the text is nested deeper than can be followed.
    if (error instanceof TooLargeError || error instanceof RangeError)
      return { problem: "too_large" };
    return { problem: "unavailable" };
  }
}

addEventListener("message", ({ data }: MessageEvent<FormatRequest>) => {
  void format(data).then((formatted) => answer({ kind: "formatted", formatted }));
});

// The first request finds loaded what it takes.
void format({ kind: "text", text: "" }).then(() => answer({ kind: "ready" }));
