/** A place in a conversation's queue. */
export interface Turnstile {
  /** True when no turn was ahead at the time of entering. */
  readonly isFirst: boolean;
  /** Resolves when every turn that entered before has left. */
  readonly ready: Promise<void>;
  /** Leaves the queue; must be called exactly once, also when never ready. */
  leave(): void;
}

/** One turn at a time in a conversation, in the order of arrival. */
export interface ConversationLock {
  enter(conversationId: string): Turnstile;
}
