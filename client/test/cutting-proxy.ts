// A TCP relay that stands for a bad network: it breaks connections off at a word.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type CuttingProxy = AsyncDisposable & {
  readonly url: string;
  /** Where new connections lead; null refuses them. */
  target: string | null;
  /** Breaks off every connection. */
  cut(): void;
  /** The next connections, these alone, are broken off once that many bytes of answers have passed, one each. */
  cutAfterBytes(...bytes: readonly number[]): void;
};

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const limits: number[] = [];
  const proxy = { target: target as string | null };

  const server = createServer((downstream) => {
    sockets.add(downstream);
    downstream.on("close", () => sockets.delete(downstream));
    downstream.on("error", () => downstream.destroy());
    if (proxy.target === null) return void downstream.destroy();
    const { hostname, port } = new URL(proxy.target);
    const upstream = connect(Number(port), hostname);
    let left = limits.shift() ?? Number.POSITIVE_INFINITY;
    upstream.on("error", () => downstream.destroy());
    upstream.on("close", () => downstream.destroySoon());
    downstream.on("close", () => upstream.destroy());
    downstream.pipe(upstream);
    upstream.on("data", (bytes) => {
      downstream.write(left < bytes.length ? bytes.subarray(0, left) : bytes);
      left -= bytes.length;
      if (left < 0) downstream.destroySoon();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    cutAfterBytes: (...bytes: readonly number[]) => void limits.splice(0, limits.length, ...bytes),
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, "close");
    },
  });
}
