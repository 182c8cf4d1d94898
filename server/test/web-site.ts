// A web site of tests: it is public to a server whose FETCH_RANGES has its address.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** On this machine, but at another address than everything else that tests start. */
export const SITE_ADDRESS = "127.0.0.2";

export async function startSite(listener: RequestListener, address = SITE_ADDRESS) {
  const server = createServer(listener);
  let connections = 0;
  server.on("connection", () => connections++);
  server.listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${address}:${port}`,
    get connections() {
      return connections;
    },
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
