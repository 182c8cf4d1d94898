// What a client of one user's does through any wire, for the cross-wire test.
import type { Server } from "./wire-client.ts";

export type Said = readonly [role: string, content: string];
export type Read = {
  readonly said: readonly Said[];
  /** The question that reading took; undefined where the wire shows messages. */
  readonly asked?: string;
};

/** A wire as a client of one user's uses it. Ids are its own. */
export type Client = {
  /** Sends a first message. @returns the new conversation's id */
  begin(text: string): Promise<string>;
  /** Sends a further message; the reply is stored when this resolves. */
  goOn(id: string, text: string): Promise<void>;
  /** Every message of the conversation as this wire shows it; null if there is none. */
  read(id: string): Promise<Read | null>;
  /** The ids of all conversations; null where this wire has no list. */
  list: (() => Promise<readonly string[]>) | null;
  /** @returns whether there was one; null where this wire deletes nothing */
  remove: ((id: string) => Promise<boolean>) | null;
};
/** How the cross-wire test uses a wire. */
export type CrossWire = {
  client(server: Server, user: string): Client;
  /** What this wire calls the conversation that all others call so. */
  own(id: string): string;
};

export type Shown = { readonly role: string; readonly content: string };

export const shown = (messages: readonly Shown[]): Read => ({
  said: messages.map(({ role, content }) => [role, content]),
});
export const same = (id: string) => id;

/** What the scripted model answers; a client of 002, which asks no model, stores the same. */
export const replyTo = (text: string) => `Echo: ${text}`;

/** The sockets show a conversation only to the model: what it was told before its last question. */
export function remembered(server: Server, asked: string): Read {
  const prompts = server.model.requests.map(({ body }) => body?.messages ?? []);
  const prompt = prompts.find((messages) => messages.at(-1)?.content === asked);
  return { ...shown(prompt?.slice(0, -1) ?? []), asked };
}

let questions = 0;
export const newQuestion = () => `And ${questions++}?`;
