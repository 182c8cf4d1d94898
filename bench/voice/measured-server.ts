import { fork } from "node:child_process";
import { once } from "node:events";
import type { Figures } from "./server-process.ts";

/** The measured server in a process of its own, with the recogniser at that address, or with Debian's. */
export async function startMeasuredServer(baseUrl: string | null) {
  const file = new URL("./server-process.ts", import.meta.url);
  const child = fork(file, baseUrl === null ? [] : [baseUrl], { execArgv: ["--expose-gc"] });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    port,
    /** Since the last reset. */
    async figures(): Promise<Figures> {
      child.send("figures");
      const [figures] = (await once(child, "message")) as [Figures];
      return figures;
    },
    reset: () => child.send("reset"),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, "exit");
    },
  };
}
