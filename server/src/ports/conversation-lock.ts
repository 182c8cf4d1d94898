/** A place in a conversation's queue. */
export interface Turnstile {
  /**
   * Whether it is certain that no turn was ahead at the time of entering; a promise where other replicas have to be
   * asked, and false where they cannot be.
   */
  readonly isFirst: boolean | Promise<boolean>;
  /** Resolves when every turn that entered before has left, and after `isFirst` has. Never rejects. */
  readonly ready: Promise<void>;
  /** Leaves the queue; must be called exactly once, even if the place was never ready. */
  leave(): void;
}

/**
 * One turn at a time in a conversation, in the order of arrival. A replica that dies leaves, after a
 * few seconds, every queue it is in.
 */
export interface ConversationLock {
  enter(conversationId: string): Turnstile;
}
