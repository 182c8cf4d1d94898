// Requests for what is somebody else's, made up from the server's own description of its API.
import { randomUUID } from "node:crypto";
import type { Operation, Schema } from "./fuzz-requests.ts";

/** What the victim has, by kind of id. */
export type Belongings = Readonly<
  Record<
    | "conversation"
    | "message"
    | "reply"
    | "agent"
    | "alias"
    | "key"
    | "file"
    | "share"
    | "prompt"
    | "memory"
    | "project",
    string
  >
>;

export type Probe = {
  readonly operation: Operation;
  /** Which of the victim's ids it names. */
  readonly kind: keyof Belongings;
  readonly method: string;
  /** The same request for a thing that is there, and for one that is not. */
  readonly paths: readonly [theirs: string, nothings: string];
  readonly bodies: readonly [theirs: string | null, nothings: string | null];
  /** The ids in them. */
  readonly ids: readonly [theirs: string, nothings: string];
};

/** OpenAI's wires, whose ids have a prefix before the digits. */
const OF_OPENAI = /^\/v1\/(?:chat\/completions|responses|conversations|realtime)(?:$|\/)/;
const PREFIXES: Readonly<Partial<Record<keyof Belongings, string>>> = {
  conversation: "conv_",
  message: "msg_",
  reply: "resp_",
};
const namedThere = (kind: keyof Belongings, id: string): string => {
  const prefix = PREFIXES[kind];
  return prefix === undefined ? id : prefix + id.replaceAll("-", "");
};

/** The places of their bodies where such ids stand; the description has no schema of these. */
function bodyOfOpenAi(path: string, kind: keyof Belongings, id: string): object | null {
  if (path === "/v1/chat/completions")
    return {
      model: "scripted",
      messages: [{ role: "user", content: "Hello" }],
      ...(kind === "conversation" && { conversation: id }),
    };
  if (!/^\/v1\/responses(?:$|\/compact$|\/input_tokens$)/.test(path)) return null;
  const input = kind === "message" ? [{ type: "item_reference", id }] : "Hello";
  return {
    ...{ model: "scripted", input },
    ...(kind === "conversation" && path === "/v1/responses" && { conversation: id }),
    ...(kind === "reply" && { previous_response_id: id }),
  };
}

const isId = (name: string): boolean =>
  /(?:^id|Id|_id|before|replace_from|replaced_by|after)$/.test(name);
const isUser = (name: string): boolean => /^(?:user_id|userId|tenant_id)$/.test(name);

/** A body that is valid: what is required, and every id that may be given. */
function bodyOf(schema: Schema, id: string): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return bodyOf(schema.anyOf[0] ?? {}, id);
  switch (schema.type) {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
          if (isUser(name)) return [];
          if (isId(name)) return [[name, id]];
          if (name === "attachments" || name === "ids" || name === "file_ids")
            return [[name, [id]]];
          return schema.required?.includes(name) ? [[name, bodyOf(field, id)]] : [];
        }),
      );
    case "array":
      return schema.items?.properties ? [bodyOf(schema.items, id)] : [];
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return false;
    default:
      return "Hello";
  }
}

/**
 * Every operation with each of the victim's ids in every place where an id can be, grouped by the operation; one that has no
 * such place is tried once.
 */
export function probesOf(operations: readonly Operation[], victim: Belongings): Probe[][] {
  return operations.map((operation) => {
    const probes = Object.entries(victim).map(([name, uuid]): Probe => {
      const kind = name as keyof Belongings;
      const isOpenAi = OF_OPENAI.test(operation.path);
      const [id, nothing] = [uuid, kind === "alias" ? `session-${randomUUID()}` : randomUUID()].map(
        (one) => (isOpenAi ? namedThere(kind, one) : one),
      ) as [string, string];
      const pathOf = (named: string) => {
        const query = operation.query
          .filter(({ name }) => isId(name) && !isUser(name))
          .map(({ name }) => `${name}=${encodeURIComponent(named)}`);
        if (operation.query.some(({ name }) => name === "q")) query.push("q=secret");
        const path = operation.path.replace(/\{\w+\}/g, encodeURIComponent(named));
        return query.length ? `${path}?${query.join("&")}` : path;
      };
      const textOf = (named: string) => {
        const body = operation.body
          ? bodyOf(operation.body, named)
          : isOpenAi && operation.method === "POST"
            ? bodyOfOpenAi(operation.path, kind, named)
            : null;
        return body === null ? null : JSON.stringify(body);
      };
      return {
        operation,
        kind,
        method: operation.method,
        paths: [pathOf(id), pathOf(nothing)],
        bodies: [textOf(id), textOf(nothing)],
        ids: [id, nothing],
      };
    });
    const asked = new Map(probes.map((probe) => [`${probe.paths[0]} ${probe.bodies[0]}`, probe]));
    return [...asked.values()];
  });
}

/** An answer without what differs between any two requests: their own ids. */
export const withoutIds = (text: string, ids: readonly string[]): string =>
  ids.reduce((left, id) => left.replaceAll(id, "ID"), text).replace(/"req_\w+"/g, '"REQUEST"');
