import type { Redis } from "ioredis";

export type Listener = (message: string) => void;

/** The channels that one connection listens to; what changes in one moment goes out as one command. */
export function subscriptions(connection: Redis) {
  const wanted = new Map<string, Listener>();
  const changed = new Set<string>();
  let isSubscribed = new Set<string>();
  let isScheduled = false;

  const isReady = () => connection.status === "ready";
  const flush = () => {
    isScheduled = false;
    const channels = [...changed];
    changed.clear();
    if (!isReady()) return;
    const added = channels.filter((name) => wanted.has(name) && !isSubscribed.has(name));
    const removed = channels.filter((name) => !wanted.has(name) && isSubscribed.has(name));
    for (const name of added) isSubscribed.add(name);
    for (const name of removed) isSubscribed.delete(name);
    // A failure here means that the connection has failed. `renew` subscribes again.
    if (added.length) connection.subscribe(...added).catch(() => connection.disconnect(true));
    if (removed.length) connection.unsubscribe(...removed).catch(() => connection.disconnect(true));
  };
  const change = (channel: string) => {
    changed.add(channel);
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flush);
  };
  connection.on("message", (channel: string, message: string) => wanted.get(channel)?.(message));

  return {
    /** Hears the channel until the given function is called; one listener a channel. */
    listen(channel: string, listener: Listener): () => void {
      wanted.set(channel, listener);
      change(channel);
      return () => {
        if (wanted.get(channel) !== listener) return;
        wanted.delete(channel);
        change(channel);
      };
    },
    /** Subscribes to everything, on a connection that is new. */
    async renew(): Promise<void> {
      changed.clear();
      isSubscribed = new Set(wanted.keys());
      if (isSubscribed.size) await connection.subscribe(...isSubscribed);
    },
  };
}
