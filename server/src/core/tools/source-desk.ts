import type { JsonObject } from "../../domain/json.ts";
import type { Principal } from "../../domain/principal.ts";
import type { NewId } from "../../ports/clock.ts";
import type { ToolAnswer } from "../../ports/tools.ts";
import { checkOperator } from "../access/operators.ts";
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
    by: Operator,
    call: { readonly label: string; readonly name: string; readonly given: JsonObject },
    signal: AbortSignal,
  ): Promise<ToolAnswer>;
};

const FOR_OPERATORS = "Sources of tools are";

export const createSourceDesk = (sources: ToolSources | null, newId: NewId): SourceDesk => ({
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
    return sources.call(label, name, given, { key: `try/${newId()}`, signal });
  },
});
