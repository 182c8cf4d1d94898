// How messages show what they consist of, and how that is asked for.
import type { Static } from "typebox";
import { type Message, partsOf } from "../../domain/message.ts";
import { type Part, TOOL_OUTCOMES, withText } from "../../domain/parts.ts";
import { Type } from "../../http/schema.ts";

const PARTS =
  "what each message consists of, in order: its text, what the model thought, calls of tools and their results, files, sources, a refusal";

/** In the address of what reads messages. */
export const partsInQuery = {
  parts: Type.Optional(
    Type.Enum(["0", "1"], { description: `With \`1\` also gives, as \`parts\`, ${PARTS}.` }),
  ),
};

/** In the address of what lists messages. */
export const partsOfMany = {
  parts: Type.Optional(
    Type.Enum(["0", "1", "steps"], {
      description: `With \`1\` also gives, as \`parts\`, ${PARTS}. With \`steps\` only messages with calls of tools or sources have \`parts\`, which are those calls, their results and the sources. The arguments of the calls and the texts of the results are then left empty.`,
    }),
  ),
};

/** In the body of a message. */
export const partsInBody = {
  parts: Type.Optional(
    Type.Boolean({
      description: `Also gives, as \`parts\`, ${PARTS}. A stream then has events \`ai_part\` among the others: \`data.type\` is \`open\` where a part begins that is not text (\`data.index\`, \`data.part\`), and \`grow\` where a part other than words grows (\`data.index\`, \`data.of\`, \`data.text\`). An \`ai_chunk\` has the \`index\` of its part beside \`data\`.`,
    }),
  ),
};

const Optional = (description: string) => Type.Optional(Type.String({ description }));

const PartBody = Type.Object(
  {
    type: Type.Enum([
      "text",
      "reasoning",
      "tool_call",
      "tool_result",
      "file",
      "citation",
      "refusal",
    ]),
    text: Optional("Of `text`, `reasoning`, `refusal` and `tool_result`."),
    call_id: Optional("Of `tool_call` and `tool_result`."),
    source: Optional(
      "Of `tool_call`: whose tool it is. `client`: of whoever sent the message. Anything else is a source of the server's own tools, whose result is a part as well.",
    ),
    name: Optional("Of `tool_call`: the tool's."),
    arguments: Optional("Of `tool_call`: as the model wrote them, which is JSON if it is whole."),
    outcome: Type.Optional(
      Type.Enum([...TOOL_OUTCOMES], { description: "Of `tool_result`: how the call ended." }),
    ),
    file: Type.Optional(
      Type.Object(
        {
          id: Type.String(),
          name: Type.String(),
          media_type: Type.String(),
          bytes: Type.Integer(),
        },
        { description: "Of `file`." },
      ),
    ),
    title: Optional("Of `citation`."),
    url: Optional("Of `citation`: where it is to be read, unless that is a file."),
    file_id: Optional("Of `citation`: the file that is cited."),
    quote: Optional("Of `citation`."),
    from: Type.Optional(Type.Integer({ description: "Of `citation`: a place in `content`." })),
    to: Type.Optional(Type.Integer({ description: "Of `citation`: a place in `content`." })),
  },
  { title: "Part" },
);
export type PartBody = Static<typeof PartBody>;

export const partBody = (part: Part): PartBody => {
  switch (part.type) {
    case "text":
    case "reasoning":
    case "refusal":
      return { type: part.type, text: part.text };
    case "tool_call": {
      const { type, callId, source, name, arguments: given } = part;
      return { type, call_id: callId, source, name, arguments: given };
    }
    case "tool_result": {
      const { type, callId, outcome, text } = part;
      return { type, call_id: callId, outcome, text };
    }
    case "file": {
      const { id, name, mediaType, bytes } = part.file;
      return { type: part.type, file: { id, name, media_type: mediaType, bytes } };
    }
    case "citation": {
      const { type, title, url, fileId, quote, from, to } = part;
      const place = url === null ? { file_id: fileId ?? "" } : { url };
      return { type, title, ...place, quote, from, to };
    }
  }
};

/** In a message, for whoever asks for parts. */
export const partsInMessage = {
  parts: Type.Optional(Type.Array(PartBody, { description: "Where they are asked for." })),
  took_ms: Type.Optional(
    Type.Integer({
      description:
        "Of a reply that has ended, where parts are asked for: the time from its beginning to its end, with all that it waited for.",
    }),
  ),
};

/** All of a message, the files that it was sent with among it. */
const partBodies = (message: Message): PartBody[] => {
  const files = (message.attachments ?? []).map((file): Part => ({ type: "file", file }));
  return [...partsOf(message), ...files].map(partBody);
};

/** What stands beside the words of a message: calls, results and sources, without arguments and texts. */
const stepBodies = ({ parts }: Pick<Message, "parts">): PartBody[] =>
  (parts ?? [])
    .filter(({ type }) => type === "tool_call" || type === "tool_result" || type === "citation")
    .map((part) => partBody(withText(part, "")));

/** The fields of `partsInMessage`, where parts are asked for. A message without steps has none of those. */
export function partsFields(
  message: Message,
  shown: boolean | "steps",
): { parts?: PartBody[]; took_ms?: number } {
  if (shown === false) return {};
  const parts = shown === true ? partBodies(message) : stepBodies(message);
  return { ...((shown === true || parts.length > 0) && { parts }), ...tookField(message) };
}

/** What was imported or added has no time of its own: it ended as it began. */
function tookField({ createdAt, finishedAt }: Message): { took_ms?: number } {
  const tookMs = finishedAt === null ? 0 : finishedAt.getTime() - createdAt.getTime();
  return tookMs > 0 ? { took_ms: tookMs } : {};
}
