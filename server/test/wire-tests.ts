// Finds how the tests use each wire: a file of the wire's own in `wires/`.
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import type { CrashClient } from "./crash-client.ts";
import type { CrossWire } from "./cross-wire-client.ts";
import type { FaultClient } from "./fault-client.ts";

/** What a file of `wires/` exports as `tests`. In each table a wire may appear several times, such as with its WebSocket. */
export type WireTests = {
  /** For cross-wire.test.ts; the name of a WebSocket begins with `the socket`. */
  readonly crossWire: Readonly<Record<string, CrossWire>>;
  /** For fault-load.ts. */
  readonly faultLoad: Readonly<Record<string, FaultClient>>;
  /** For crash-load.ts; empty where a message costs too much time to be sent all the time. */
  readonly crashLoad: Readonly<Record<string, CrashClient>>;
};

/** The tests of every wire in that folder beside this file, by the name of the wire's folder in `dialects/`. */
export async function findWires(folder = "wires"): Promise<Readonly<Record<string, WireTests>>> {
  const path = join(import.meta.dirname, folder);
  const files = globSync("*.ts", { cwd: path }).sort();
  const found = files.map(async (file) => {
    const { tests } = (await import(join(path, file))) as { readonly tests: WireTests };
    return [basename(file, ".ts"), tests] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

/** One table of all wires. */
export const merged = <Entry>(
  wires: Readonly<Record<string, WireTests>>,
  tableOf: (tests: WireTests) => Readonly<Record<string, Entry>>,
): Readonly<Record<string, Entry>> =>
  Object.fromEntries(Object.values(wires).flatMap((tests) => Object.entries(tableOf(tests))));
