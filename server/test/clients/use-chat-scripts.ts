// What the scripted model says to pages with tools.
import { randomUUID } from "node:crypto";
import { event } from "../completions-client.ts";

/** A reply that asks for a tool of the page's. @param given its arguments, as JSON */
export function callScript(name: string, given: string) {
  const call = (fields: object) => event({ tool_calls: [{ index: 0, ...fields }] });
  return {
    raw: [
      event({ role: "assistant", content: "" }),
      event({ content: "Let me look. " }),
      call({ id: `call_${randomUUID()}`, type: "function", function: { name, arguments: "" } }),
      call({ function: { arguments: given.slice(0, 5) } }),
      call({ function: { arguments: given.slice(5) } }),
      event({}, "tool_calls"),
      "data: [DONE]\n\n",
    ],
  };
}
