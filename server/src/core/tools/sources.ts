import type { AuditEvent, Stamp } from "../../domain/audit.ts";
import { AppError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { Owner } from "../../domain/principal.ts";
import type { AcceptedToolStore } from "../../ports/accepted-tools.ts";
import type { SourceState, ToolDefinition, ToolSource } from "../../ports/tool-sources.ts";
import type { ServerTool, ToolAnswer } from "../../ports/tools.ts";
import { fingerprintOf } from "./fingerprints.ts";
import { isAmong, offeredName, type SourceRules, toolOf } from "./source-rules.ts";

/**
 * `on`: models may use it. `changed`, `new`: it is not as the operator has seen it, and off until an operator accepts
 * it. `left_out`: the operator's file does not name it.
 */
export type ToolState = "on" | "changed" | "new" | "left_out";

/** A source as operators see it. */
export type SourceView = SourceState & {
  readonly label: string;
  /** Its address or its program, without secrets. */
  readonly place: string;
  /** Whether each person signs in to it. */
  readonly wantsSignIn: boolean;
  readonly tools: readonly {
    readonly name: string;
    readonly offeredAs: string;
    readonly description: string;
    readonly parameters: JsonObject;
    readonly state: ToolState;
    /** Names what the source says of it now. */
    readonly fingerprint: string;
    /** As it was accepted, where it has changed since. */
    readonly accepted: { readonly description: string; readonly parameters: JsonObject } | null;
    readonly effect: ServerTool["effect"];
    readonly asks: boolean;
    readonly isRepeatable: boolean;
  }[];
};

/** A tool as an operator has seen it. */
export type SeenTool = {
  /** As the source calls it. */
  readonly name: string;
  readonly fingerprint: string;
};

/** Who accepts tools, and when. */
export type AcceptedBy = { readonly owner: Owner; readonly stamp: Stamp };

/** The sources of the operator's file. */
export type ToolSources = {
  /** Those that models may use: the same list until one changes. */
  tools(): readonly ServerTool[];
  list(): Promise<readonly SourceView[]>;
  /** Takes tools as they were seen. @throws AppError not_found, conflict (they have changed since), unavailable */
  accept(label: string, seen: readonly SeenTool[], by: AcceptedBy): Promise<void>;
  /** @throws AppError not_found (the source), invalid_request (the tool is off) */
  checkOn(label: string, name: string): void;
  /** Calls a tool for an operator, once. @throws AppError not_found, invalid_request (it is off) */
  call(
    label: string,
    name: string,
    given: JsonObject,
    options: { readonly key: string; readonly signal: AbortSignal; readonly owner: Owner },
  ): Promise<ToolAnswer>;
  /** Lists the sources that people sign in to as that operator sees them. Never rejects. */
  listAs(operator: Owner): Promise<void>;
  /** Reads again what other servers have accepted. Never rejects. */
  refresh(): Promise<void>;
  /** Told by a source. */
  changed(): void;
  /** Resolves when each source has been listed, or has failed for the first time, and what is new is stored. */
  listed(): Promise<void>;
};

/** Of all sources. */
const MAX_OFFERED = 128;
const MAX_WRITES = 5;
const UNKNOWN_TOOLS = "Its tools are known once an operator has signed in to it.";

type Accepted = Readonly<Record<string, ToolDefinition>>;
type Kept = {
  readonly rules: SourceRules;
  readonly place: string;
  readonly source: ToolSource;
  /** As it is stored; null: nothing is. */
  text: string | null;
  accepted: Accepted;
  /** What models are offered of it, and what that was made of; null: nothing yet. */
  offered: Offered | null;
};
type Offered = {
  readonly accepted: Accepted;
  readonly listed: readonly ToolDefinition[] | null;
  readonly tools: readonly ServerTool[];
};

/** @throws AppError unavailable */
export async function createToolSources(
  store: AcceptedToolStore,
  sources: readonly {
    readonly rules: SourceRules;
    readonly place: string;
    readonly source: ToolSource;
  }[],
): Promise<ToolSources> {
  const all: Kept[] = [];
  for (const one of sources) {
    const kept: Kept = { ...one, text: null, accepted: {}, offered: null };
    await readAgain(store, kept);
    all.push(kept);
  }
  let tools: readonly ServerTool[] = [];
  let settling: Promise<void> = Promise.resolve();

  const rebuild = () => {
    const now = all.flatMap(offeredBy).slice(0, MAX_OFFERED);
    if (now.length !== tools.length || now.some((tool, index) => tool !== tools[index]))
      tools = now;
  };
  /** What a source lists for the first time is as the operator has chosen it. */
  const settle = async (one: Kept): Promise<void> => {
    await readAgain(store, one);
    const listed = one.source.definitions();
    if (one.text === null && listed) await put(one, byName(listed));
  };
  const put = async (
    one: Kept,
    added: Accepted,
    events: readonly AuditEvent[] = [],
  ): Promise<void> => {
    for (let writes = 0; writes < MAX_WRITES; writes++) {
      const accepted = { ...one.accepted, ...added };
      const text = JSON.stringify(accepted);
      if (await store.putAcceptedTools(one.rules.label, one.text, text, events)) {
        Object.assign(one, { accepted, text });
        return;
      }
      await readAgain(store, one);
    }
    throw new AppError(
      "unavailable",
      "Somebody else is accepting tools at the same time. Try again",
    );
  };
  const refresh = (): Promise<void> => {
    settling = settling.then(async () => {
      await Promise.all(all.map((one) => settle(one).catch(() => {})));
      rebuild();
    });
    return settling;
  };
  const find = (label: string): Kept => {
    const one = all.find(({ rules }) => rules.label === label);
    if (!one) throw notFoundSource();
    return one;
  };
  const checkOn = (label: string, name: string): Kept => {
    const one = find(label);
    if (tools.some((tool) => tool.name === offeredName(label, name))) return one;
    throw new AppError("invalid_request", "The tool is off. Accept it first", { field: "tool" });
  };
  rebuild();

  return {
    tools: () => tools,
    list: () => Promise.all(all.map(viewOf)),
    async accept(label, seen, by) {
      const one = find(label);
      const listed = one.source.definitions() ?? [];
      const found: ToolDefinition[] = [];
      for (const { name, fingerprint } of seen) {
        const tool = listed.find((definition) => definition.name === name);
        if (!tool) throw new AppError("not_found", "The source has no such tool now");
        if ((await fingerprintOf(tool)) !== fingerprint) throw changedSince(name);
        found.push(tool);
      }
      await put(
        one,
        byName(found),
        seen.map((tool) => acceptance(label, tool, by)),
      );
      rebuild();
    },
    checkOn,
    async call(label, name, given, options) {
      const { rules, source, accepted } = checkOn(label, name);
      const seen = accepted[name];
      return source.call(name, given, {
        ...{ ...options, timeoutMs: rules.timeoutMs, within: [] },
        ...(seen && { accepted: seen }),
      });
    },
    async listAs(operator) {
      const signed = all.filter(({ source }) => source.listAs);
      if (signed.length === 0) return;
      await Promise.all(signed.map(({ source }) => source.listAs?.(operator)));
      await refresh();
    },
    refresh,
    changed: () => void refresh(),
    async listed() {
      await Promise.all(all.map(({ source }) => source.listed()));
      await refresh();
    },
  };
}

export const notFoundSource = (): AppError =>
  new AppError("not_found", "There is no tool source with that label");

const changedSince = (name: string): AppError =>
  new AppError(
    "conflict",
    `The tool ${JSON.stringify(name)} is not what it was when its fingerprint was read. Read the list of tools again, and accept it as it is now`,
    { field: "fingerprint" },
  );

/** What the audit log says of it. */
const acceptance = (
  label: string,
  { name, fingerprint }: SeenTool,
  { owner: { tenantId, userId }, stamp }: AcceptedBy,
): AuditEvent => ({
  ...{ ...stamp, action: "tool_accepted", tenantId, userId, address: null },
  ...{ about: `${label}/${name}`, reason: fingerprint, count: 1 },
});

/** What has not changed is not parsed again: a source may have many tools, and is looked at every few seconds. */
async function readAgain(store: AcceptedToolStore, one: Kept): Promise<void> {
  const text = await store.getAcceptedTools(one.rules.label);
  if (text === one.text) return;
  one.text = text;
  one.accepted = text === null ? {} : JSON.parse(text);
}

/** What models are offered of a source: the same tools until what is accepted or listed changes. */
function offeredBy(one: Kept): readonly ServerTool[] {
  const { rules, source, accepted, offered } = one;
  const listed = source.definitions();
  if (offered?.accepted === accepted && offered.listed === listed) return offered.tools;
  const now = new Map(listed?.map((definition) => [definition.name, definition]));
  const isThere = (definition: ToolDefinition): boolean => {
    const other = now.get(definition.name);
    return other !== undefined && isSame(definition, other);
  };
  const tools = Object.values(accepted)
    .filter(({ name }) => isChosen(rules, name))
    .filter((definition) => !listed || isThere(definition))
    .map((definition) => toolOf(rules, source, definition));
  one.offered = { accepted, listed, tools };
  return tools;
}

const isChosen = ({ tools }: SourceRules, name: string): boolean => !tools || isAmong(tools, name);

const byName = (definitions: readonly ToolDefinition[]): Accepted =>
  Object.fromEntries(definitions.map((definition) => [definition.name, definition]));

const isSame = (one: ToolDefinition, other: ToolDefinition): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

async function viewOf({ rules, place, source, accepted }: Kept): Promise<SourceView> {
  const definitions = source.definitions() ?? Object.values(accepted);
  const fingerprints = await Promise.all(definitions.map(fingerprintOf));
  const tools = definitions.map((definition, index) => {
    const { name, description, parameters } = definition;
    const before = Object.hasOwn(accepted, name) ? accepted[name] : undefined;
    const isAsSeen = before !== undefined && isSame(before, definition);
    const { effect, asks, isRepeatable } = toolOf(rules, source, definition);
    const state: ToolState = !isChosen(rules, name)
      ? "left_out"
      : isAsSeen
        ? "on"
        : before
          ? "changed"
          : "new";
    return {
      ...{ name, offeredAs: offeredName(rules.label, name), description, parameters, state },
      fingerprint: fingerprints[index] ?? "",
      accepted: before && !isAsSeen ? before : null,
      ...{ effect, asks, isRepeatable },
    };
  });
  const wantsSignIn = source.listAs !== undefined;
  const state = source.state();
  const isUnknown = wantsSignIn && state.isUp && tools.length === 0;
  const problem = state.problem ?? (isUnknown ? UNKNOWN_TOOLS : null);
  return { ...state, problem, label: rules.label, place, wantsSignIn, tools };
}
