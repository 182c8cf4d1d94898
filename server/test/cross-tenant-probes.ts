// Requests for what is somebody else's, made up from the server's own description of its API.
import { randomUUID } from "node:crypto";
import type { Operation, Schema } from "./fuzz-requests.ts";

/** What the victim has, by kind of id. */
export type Belongings = Readonly<
  Record<"conversation" | "message" | "reply" | "agent" | "alias" | "key" | "file", string>
>;

export type Probe = {
  readonly operation: Operation;
  /** Which of the victim's ids it names. */
  readonly kind: keyof Belongings;
  readonly method: string;
  /** The same request for a thing that is there, and for one that is not. */
  readonly paths: readonly [theirs: string, nothings: string];
  readonly bodies: readonly [theirs: string | null, nothings: string | null];
};

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
          if (name === "attachments") return [[name, [id]]];
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

/** Every operation with each of the victim's ids in every place where an id can be. */
export function probesOf(operations: readonly Operation[], victim: Belongings): Probe[] {
  return operations.flatMap((operation) =>
    Object.entries(victim).map(([kind, id]): Probe => {
      const nothing = kind === "alias" ? `session-${randomUUID()}` : randomUUID();
      const pathOf = (named: string) => {
        const query = operation.query
          .filter(({ name }) => isId(name) && !isUser(name))
          .map(({ name }) => `${name}=${encodeURIComponent(named)}`);
        if (operation.query.some(({ name }) => name === "q")) query.push("q=secret");
        const path = operation.path.replace(/\{\w+\}/g, encodeURIComponent(named));
        return query.length ? `${path}?${query.join("&")}` : path;
      };
      const textOf = (named: string) =>
        operation.body ? JSON.stringify(bodyOf(operation.body, named)) : null;
      return {
        operation,
        kind: kind as keyof Belongings,
        method: operation.method,
        paths: [pathOf(id), pathOf(nothing)],
        bodies: [textOf(id), textOf(nothing)],
      };
    }),
  );
}

/** An answer without what differs between any two requests: their own ids. */
export const withoutIds = (text: string, ids: readonly string[]): string =>
  ids.reduce((left, id) => left.replaceAll(id, "ID"), text).replace(/"req_\w+"/g, '"REQUEST"');
