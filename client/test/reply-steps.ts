// What a scripted server says when it streams a reply of two chunks.
import type { ReplyEvent } from "../src/index.ts";
import type { Exchange, Step } from "./scripted-server.ts";
import { reply, userMessage } from "./wire-objects.ts";

export const begin = (exchange: Exchange) => exchange.event("r:0", "user_message", userMessage);
const end = async (exchange: Exchange, id: string, text: string) => {
  await exchange.event(id, "ai_complete", reply(text));
  exchange.done();
};
export const wholeReply: Step = async (exchange) => {
  await begin(exchange);
  await exchange.event("r:1", "ai_chunk", "Hi ");
  await exchange.event("r:2", "ai_chunk", "there");
  await end(exchange, "r:3", "Hi there");
};
/** Says its beginning and "Hi ", then is cut off. */
export const cutInTheMiddle: Step = async (exchange) => {
  await begin(exchange);
  await exchange.event("r:1", "ai_chunk", "Hi ");
  exchange.cut();
};
export const theRest: Step = async (exchange) => {
  await exchange.event("r:2", "ai_chunk", "there");
  await end(exchange, "r:3", "Hi there");
};
export const nothingThere: Step = (exchange) => exchange.json(204, "");

export const WHOLE = [
  { type: "user_message", data: userMessage },
  { type: "ai_chunk", data: "Hi " },
  { type: "ai_chunk", data: "there" },
  { type: "ai_complete", data: reply("Hi there") },
] as const satisfies readonly ReplyEvent[];
