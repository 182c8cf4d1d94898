/** The names of the channels. */
export type Channels = {
  /** Heard by the replica that generates the reply. */
  reply(replyId: string): string;
  /** Heard by every replica that has a turn of the conversation: a message there asks it to stop. */
  conversation(conversationId: string): string;
  inbox(replicaId: string): string;
};
