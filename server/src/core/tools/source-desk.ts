import { actorOf } from "../../domain/audit.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { ToolOutcome } from "../../domain/parts.ts";
import { ownerOf, type Principal } from "../../domain/principal.ts";
import type { AcceptedToolStore } from "../../ports/accepted-tools.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { Idempotency } from "../../ports/store.ts";
import type { ToolAnswer } from "../../ports/tools.ts";
import { checkOperator } from "../access/operators.ts";
import type { NoteCall } from "../audit.ts";
import { offeredName } from "./source-rules.ts";
import type { SeenTool, SourceView, ToolSources } from "./sources.ts";
import { notFoundSource } from "./sources.ts";

/** What operators do with the sources of tools. Anybody else gets AppError forbidden. */
export type SourceDesk = {
  list(by: Principal): Promise<readonly SourceView[]>;
  /** Lets models use tools as they were seen. @throws AppError not_found, conflict (they have changed since), unavailable */
  accept(by: Principal, label: string, seen: readonly SeenTool[]): Promise<readonly SourceView[]>;
  /**
   * Calls a tool once, for the operator to see; not again for a key that was used.
   * @throws AppError not_found, invalid_request (it is off), conflict (the key)
   */
  call(
    by: Principal,
    call: { readonly label: string; readonly name: string; readonly given: JsonObject },
    idempotency: Idempotency | null,
    signal: AbortSignal,
  ): Promise<ToolAnswer>;
};

const FOR_OPERATORS = "Sources of tools are";

export const createSourceDesk = ({
  sources,
  store,
  clock,
  newId,
  noteCall,
}: {
  readonly sources: ToolSources | null;
  readonly store: Pick<AcceptedToolStore, "noteTriedCall">;
  readonly clock: Pick<Clock, "now">;
  readonly newId: NewId;
  readonly noteCall: NoteCall;
}): SourceDesk => ({
  async list(by) {
    checkOperator(by, FOR_OPERATORS);
    // A source that people sign in to says to this operator, too, what it has now.
    void sources?.listAs(ownerOf(by));
    return sources?.list() ?? [];
  },
  async accept(by, label, seen) {
    checkOperator(by, FOR_OPERATORS);
    if (!sources) throw notFoundSource();
    const stamp = { at: clock.now(), actor: actorOf(by) };
    await sources.accept(label, seen, { owner: ownerOf(by), stamp });
    return sources.list();
  },
  async call(by, { label, name, given }, idempotency, signal) {
    checkOperator(by, FOR_OPERATORS);
    if (!sources) throw notFoundSource();
    sources.checkOn(label, name);
    const owner = ownerOf(by);
    const id = newId();
    if (idempotency) await store.noteTriedCall(owner, idempotency, id, clock.now());
    const note = (outcome: ToolOutcome): void =>
      noteCall({
        ...{ owner, actor: actorOf(by), source: label, outcome },
        tool: offeredName(label, name),
      });
    try {
      const answer = await sources.call(label, name, given, { key: `try/${id}`, signal, owner });
      note(answer.outcome ?? "ok");
      return answer;
    } catch (error) {
      // Whatever else it throws, it throws before the call is sent.
      if (signal.aborted) note("unknown");
      throw error;
    }
  },
});
