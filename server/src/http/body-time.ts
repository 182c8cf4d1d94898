import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

/** The longest that any request may take to come. */
export const MAX_LONG_BODY_MS = 60 * 60 * 1000;
/** What a body that may take long must bring in every period: by default 1 KiB a second. */
const MIN_PERIOD_BYTES = 64 * 1024;

type Body = {
  /** When this period began. */
  beganAt: number;
  /** What the connection had brought by then. */
  bytesBefore: number;
  mayTakeLong: boolean;
};

const bodies = new WeakMap<IncomingMessage, Body>();

/** For a body that is taken in as it comes: it may take as long as it goes on coming. */
export function allowLongBody(request: IncomingMessage): void {
  const body = bodies.get(request);
  if (body) body.mayTakeLong = true;
}

export type BodyTime = {
  /** In which a body must come whole, or bring enough if it may take long. */
  readonly periodMs: number;
  /** How late it may be noticed that one does not. */
  readonly checkMs: number;
  /** Called for each that does not. */
  onLate(request: IncomingMessage): void;
};

/** Bounds the time that bodies take to come; requests without one cost nothing. */
export function boundBodyTime(app: FastifyInstance, { periodMs, checkMs, onLate }: BodyTime): void {
  const coming = new Map<IncomingMessage, Body>();

  const isLate = (request: IncomingMessage, body: Body, now: number): boolean => {
    if (now - body.beganAt < periodMs) return false;
    if (!body.mayTakeLong) return true;
    const { bytesRead } = request.socket;
    // What has come and lies unread waits for this server's disk.
    const isUnread = request.readableLength > 0;
    if (!isUnread && bytesRead - body.bytesBefore < MIN_PERIOD_BYTES) return true;
    body.beganAt = now;
    body.bytesBefore = bytesRead;
    return false;
  };

  const timer = setInterval(() => {
    const now = performance.now();
    for (const [request, body] of coming) {
      if (!request.complete && !isLate(request, body, now)) continue;
      coming.delete(request);
      if (!request.complete) onLate(request);
    }
  }, checkMs).unref();
  app.addHook("onClose", (_app, done) => {
    clearInterval(timer);
    done();
  });
  app.addHook("onRequest", ({ raw }, _reply, done) => {
    const { headers, socket } = raw;
    if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) {
      const bytesBefore = socket.bytesRead;
      const body = { beganAt: performance.now(), bytesBefore, mayTakeLong: false };
      bodies.set(raw, body);
      coming.set(raw, body);
      raw.once("close", () => coming.delete(raw));
    }
    done();
  });
}
