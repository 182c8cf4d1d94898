// How a stream is asked for what the model thinks.
import { Type } from "../../http/schema.ts";

const THOUGHTS =
  "also gives what the model thinks, as events `ai_reasoning` without an id: `data.text`, and in `data.offset` the length of all before it. Whoever comes late gets all so far in one; the whole is in the message at the end.";

/** In the body of a message. */
export const reasoningInBody = {
  reasoning: Type.Optional(
    Type.Boolean({ description: `A stream ${THOUGHTS} Without streaming it changes nothing.` }),
  ),
};

/** In the address of a stream that is gone on with. */
export const reasoningInQuery = {
  reasoning: Type.Optional(Type.Enum(["0", "1"], { description: `With \`1\` it ${THOUGHTS}` })),
};
