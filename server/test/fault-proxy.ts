// A TCP proxy between two parts of a test that breaks their connections in the ways that networks do.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type FaultProxy = AsyncDisposable & {
  readonly port: number;
  /** How many connections were ever made. */
  readonly connections: number;
  /** Every open connection ends with a reset. */
  cut(): void;
  /** Nothing passes any more, in either direction, and nobody is told: as when a cable is pulled. */
  stall(): void;
  /** Everything passes again, what was held included. */
  resume(): void;
};

export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isStalled = false;
  let connections = 0;

  const server = createServer({ noDelay: true }, (client) => {
    connections += 1;
    const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    const pair = [client, target] as const;
    pairs.add(pair);
    const forward = (from: Socket, to: Socket) => {
      from.on("data", (bytes) => {
        if (!to.write(bytes)) from.pause();
      });
      to.on("drain", () => {
        if (!isStalled) from.resume();
      });
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        pairs.delete(pair);
        to.destroy();
      });
      if (isStalled) from.pause();
    };
    forward(client, target);
    forward(target, client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    cut() {
      for (const [client, target] of pairs) {
        client.resetAndDestroy();
        target.resetAndDestroy();
      }
    },
    stall() {
      isStalled = true;
      for (const pair of pairs) for (const socket of pair) socket.pause();
    },
    resume() {
      isStalled = false;
      for (const pair of pairs) for (const socket of pair) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
  };
}
