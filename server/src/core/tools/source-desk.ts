import { actorOf } from "../../domain/audit.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { ToolOutcome } from "../../domain/parts.ts";
import { ownerOf, type Principal } from "../../domain/principal.ts";
import type { NewId } from "../../ports/clock.ts";
import type { ToolAnswer } from "../../ports/tools.ts";
import { checkOperator } from "../access/operators.ts";
import type { NoteCall } from "../audit.ts";
import { offeredName } from "./source-rules.ts";
import type { SourceView, ToolSources } from "./sources.ts";
import { notFoundSource } from "./sources.ts";

type Operator = Pick<Principal, "isOperator">;

/** What operators do with the sources of tools. Anybody else gets AppError forbidden. */
export type SourceDesk = {
  list(by: Operator): readonly SourceView[];
  /** Lets models use tools as they are now. @throws AppError not_found, unavailable */
  accept(by: Operator, label: string, names: readonly string[]): Promise<readonly SourceView[]>;
  /** Calls a tool once, for the operator to see. @throws AppError not_found, invalid_request (it is off) */
  call(
    by: Principal,
    call: { readonly label: string; readonly name: string; readonly given: JsonObject },
    signal: AbortSignal,
  ): Promise<ToolAnswer>;
};

const FOR_OPERATORS = "Sources of tools are";

export const createSourceDesk = (
  sources: ToolSources | null,
  newId: NewId,
  noteCall: NoteCall,
): SourceDesk => ({
  list(by) {
    checkOperator(by, FOR_OPERATORS);
    return sources?.list() ?? [];
  },
  async accept(by, label, names) {
    checkOperator(by, FOR_OPERATORS);
    if (!sources) throw notFoundSource();
    await sources.accept(label, names);
    return sources.list();
  },
  async call(by, { label, name, given }, signal) {
    checkOperator(by, FOR_OPERATORS);
    if (!sources) throw notFoundSource();
    const note = (outcome: ToolOutcome): void =>
      noteCall({
        ...{ owner: ownerOf(by), actor: actorOf(by), source: label, outcome },
        tool: offeredName(label, name),
      });
    try {
      const answer = await sources.call(label, name, given, { key: `try/${newId()}`, signal });
      note(answer.outcome ?? "ok");
      return answer;
    } catch (error) {
      // Whatever else it throws, it throws before the call is sent.
      if (signal.aborted) note("unknown");
      throw error;
    }
  },
});
