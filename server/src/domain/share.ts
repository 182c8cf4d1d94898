/** A link that lets whoever has it read a conversation up to one of its messages. */
export type Share = {
  /** A UUID, by which its owner names it; the address of the link does not contain it. */
  readonly id: string;
  /** The part of the link's address that nobody can guess. */
  readonly token: string;
  readonly conversationId: string;
  /** The sequence of the last message that is shown. Its branch is the one that is shown. */
  readonly lastSequence: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

/** A link as its owner sees it in a list. */
export type ListedShare = Share & {
  /** The title of the conversation; null if it has none. */
  readonly title: string | null;
};

/** What a link opens, and whose it is. */
export type OneShare = {
  readonly tenantId: string;
  readonly userId: string;
  readonly share: Share;
};

export const MAX_SHARE_DAYS = 365;
export const DEFAULT_SHARE_DAYS = 30;
/** The number of links that a user may have at a time. */
export const MAX_SHARES = 1000;
