// A connection between a server and its services that can be cut and stalled.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type TcpProxy = {
  readonly port: number;
  /** That have gone through, to the service and back. */
  readonly bytes: () => { readonly there: number; readonly back: number };
  /** The same address by way of the proxy. */
  through(url: string): string;
  /** New connections lead to that port. */
  leadTo(port: number): void;
  /** Ends every connection, as a failing network does; new ones are made as before. */
  cut(): void;
  /** Lets nothing pass any more, either way, and closes nothing; new connections are taken and hang. */
  stall(): void;
  /** What was held back goes on its way, in order. */
  resume(): void;
  /** Everything arrives so much later from now on, in order, either way. */
  delay(milliseconds: number): void;
  /**
   * The next connection on which that text is sent breaks off then: `answer` lets the text through and
   * nothing back, `request` does not let it through. Gives whether that has happened.
   */
  breakAt(text: string, lost: "answer" | "request"): () => boolean;
  /** Ends every connection and takes no new ones until `open`. */
  close(): Promise<void>;
  open(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** So long the other side has for what did come through. */
const BREAK_OFF_MS = 50;

/** Starts one before that port of this machine. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const bytes = { there: 0, back: 0 };
  let leadsTo = targetPort;
  let isStalled = false;
  let delayMs = 0;
  let breaking: { readonly text: string; readonly lost: "answer" | "request" } | null = null;

  function join(from: Socket, to: Socket, passed: (bytes: number) => void): void {
    sockets.add(from);
    if (isStalled) from.pause();
    let delayed = 0;
    const pass = (chunk: Buffer) => {
      passed(chunk.length);
      if (!to.write(chunk)) from.pause();
    };
    from.on("data", (chunk) => {
      // What comes after something that is late is late as well, so that the order stays.
      if (delayMs === 0 && delayed === 0) return pass(chunk);
      delayed++;
      setTimeout(() => {
        delayed--;
        if (!to.destroyed) pass(chunk);
      }, delayMs || 1);
    });
    to.on("drain", () => {
      if (!isStalled) from.resume();
    });
    from.on("error", () => {});
    from.on("close", (isBroken) => {
      sockets.delete(from);
      if (isBroken) to.destroy();
      else to.end();
    });
  }

  const server = createServer((client) => {
    const target = connect(leadsTo, "127.0.0.1");
    client.setNoDelay(true);
    target.setNoDelay(true);
    client.on("data", (chunk) => {
      if (!breaking || !chunk.includes(breaking.text)) return;
      const { lost } = breaking;
      breaking = null;
      target.removeAllListeners("data");
      if (lost === "request") target.write = () => true;
      setTimeout(() => client.resetAndDestroy(), BREAK_OFF_MS);
    });
    join(client, target, (count) => {
      bytes.there += count;
    });
    join(target, client, (count) => {
      bytes.back += count;
    });
  });
  const open = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await open(0);
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    // Node never ends when one is reset that is being ended.
    for (const socket of sockets)
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
  };
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    cut();
    await closed;
  };
  return {
    port,
    bytes: () => ({ ...bytes }),
    through(url) {
      const address = new URL(url);
      address.host = `127.0.0.1:${port}`;
      return String(address);
    },
    leadTo(target) {
      leadsTo = target;
    },
    cut,
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    delay(milliseconds) {
      delayMs = milliseconds;
    },
    breakAt(text, lost) {
      const wanted = { text, lost };
      breaking = wanted;
      return () => breaking !== wanted;
    },
    close,
    open: () => open(port),
    [Symbol.asyncDispose]: close,
  };
}
