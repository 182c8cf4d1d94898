/** The objects of wire 004 that concern calls of tools that wait for a decision, with the names of the wire. */

/** A call that is made when its user allows it, or has signed in. */
export type Question = {
  /** The id of the reply that waits. */
  readonly message_id: string;
  readonly call_id: string;
  readonly conversation_id: string;
  /**
   * `call`: whether the call may be made. `sign_in`: the user is to sign in to the source; the call is made then by
   * itself, and can only be declined.
   */
  readonly kind: "call" | "sign_in";
  /** Of the server, where the user signs in. Of `sign_in` alone. */
  readonly sign_in_page?: string;
  /** Where the tool comes from. */
  readonly source: string;
  readonly tool: string;
  /** The arguments as the model wrote them, and as they are used. */
  readonly arguments: string;
  readonly arguments_sha256: string;
  readonly asked_at: string;
  /** When the call is declined. */
  readonly expires_at: string;
};

/** A call of a tool that the sender of the message has brought. The client makes it, and gives its result. */
export type ClientCall = {
  /** The id of the reply that waits. */
  readonly message_id: string;
  readonly call_id: string;
  readonly conversation_id: string;
  readonly tool: string;
  /** The arguments as the model wrote them: a JSON object. */
  readonly arguments: string;
  readonly asked_at: string;
  /** When the reply goes on without the result. */
  readonly expires_at: string;
};

/** What became of a call. */
export type ClientResult = {
  /** What the model is told. It is cut after 32,768 characters. */
  readonly text: string;
  /** `declined`: the client's user did not want it. The default is `ok`. */
  readonly outcome?: "ok" | "failed" | "declined" | undefined;
};

/** A tool that may be used without a question. */
export type Grant = {
  readonly id: string;
  readonly source: string;
  readonly tool: string;
  /** Where; null: in every conversation. */
  readonly conversation_id: string | null;
  readonly created_at: string;
};

export type Decision = {
  readonly decision: "allow" | "decline";
  /** How far a permission reaches. The default is this call alone. */
  readonly remember?: "once" | "conversation" | "always" | undefined;
};
