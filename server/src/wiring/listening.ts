import { connect } from "node:net";

const PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** Whether a program accepts connections at that address within that time. Sends nothing, and never rejects. */
export function isListening(url: string, timeoutMs: number): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port) || (PORTS[protocol] ?? 80),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const end = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
