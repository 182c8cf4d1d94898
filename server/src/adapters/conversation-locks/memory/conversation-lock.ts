import { NamedPlaces } from "../../../domain/places.ts";
import type { ConversationLock } from "../../../ports/conversation-lock.ts";

/** The queue of a server that runs alone. */
export function memoryConversationLock(): ConversationLock {
  const last = new NamedPlaces<Promise<void>>();
  return {
    enter(conversationId) {
      const ahead = last.get(conversationId);
      const { promise: left, resolve: leave } = Promise.withResolvers<void>();
      const mine = ahead ? ahead.then(() => left) : left;
      last.set(conversationId, mine);
      return {
        isFirst: ahead === undefined,
        ready: ahead ?? Promise.resolve(),
        leave() {
          leave();
          void mine.then(() => {
            if (last.get(conversationId) === mine) last.delete(conversationId);
          });
        },
      };
    },
  };
}
