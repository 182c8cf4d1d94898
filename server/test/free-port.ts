import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that the system itself gives to connections and listeners, so that none of those takes one meanwhile. */
const FIRST = 20_000;
const COUNT = 12_000;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
