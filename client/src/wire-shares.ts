/** The objects of wire 004 that concern links to conversations, with the names of the wire. */

/** A link of the user's. */
export type Share = {
  readonly id: string;
  /** What the address of the link ends with. */
  readonly token: string;
  readonly conversation_id: string;
  readonly title: string;
  readonly created_at: string;
  readonly expires_at: string;
};

export type ShareInput = {
  /** The last message that is shown. The default is the latest one. */
  readonly message_id?: string | undefined;
  /** 1 to 365; the default is 30. */
  readonly expires_in_days?: number | undefined;
};

/** What a link shows. */
export type SharedConversation = {
  readonly title: string;
  readonly shared_at: string;
  readonly expires_at: string;
  readonly messages: readonly SharedMessage[];
};

export type SharedMessage = {
  readonly role: "user" | "assistant";
  readonly content: string;
  /** The names of the attached files, which are not shared. */
  readonly files: readonly string[];
  readonly created_at: string;
};
