import { toAppError } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ServerTool, ToolAnswer } from "../../ports/tools.ts";
import type { Ended, ToolResult } from "./results.ts";

const CALL_TIMEOUT_MS = 60_000;

/** What became of a call, before it is cut to the room that there is. */
type Made = Pick<ToolResult, "outcome" | "text"> &
  Pick<Ended, "sources"> & {
    /** Absent: it needs none. */
    readonly wantsSignIn?: boolean;
  };

/** Runs a tool, for a bounded time; null: the reply has ended, and nobody waits for the result. Never rejects. */
export async function make(
  tool: ServerTool,
  input: Parameters<ServerTool["run"]>[0],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Made | null> {
  const over = new AbortController();
  const end = () => over.abort();
  signal.addEventListener("abort", end);
  const made = (async () => tool.run(input, over.signal))().then(
    answerOf,
    (error: unknown) => ({ outcome: "failed", text: toldOf(error), sources: [] }) as const,
  );
  const isLate = clock.sleep(tool.timeoutMs ?? CALL_TIMEOUT_MS, over.signal).then(
    () => (signal.aborted ? null : lateResult(tool)),
    () => null,
  );
  try {
    const result = await Promise.race([made, isLate]);
    return signal.aborted ? null : result;
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

function answerOf(answer: string | ToolAnswer): Made {
  if (typeof answer === "string") return { outcome: "ok", text: answer, sources: [] };
  const { text, outcome = "ok", sources = [], wantsSignIn = false } = answer;
  return { outcome, text, sources, wantsSignIn };
}

const lateResult = ({ isRepeatable, timeoutMs = CALL_TIMEOUT_MS }: ServerTool): Made => ({
  outcome: isRepeatable ? "failed" : "unknown",
  text: `The tool gave no result within ${timeoutMs / 1000} s.`,
  sources: [],
});

function toldOf(error: unknown): string {
  const { code, message } = toAppError(error);
  return code === "internal" ? "The tool failed." : message;
}
