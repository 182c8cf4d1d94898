import type { FastifyInstance } from "fastify";
import { createPace, type Pace } from "../domain/turns-of-the-loop.ts";

/** Answers with more text than that are written in pieces, between which others are served. */
const LARGE_CHARACTERS = 256 * 1024;
const PIECE_CHARACTERS = 64 * 1024;

/** JSON.stringify of a large answer would hold up everybody else for as long as it takes. */
export function writeLargeAnswersInPieces(app: FastifyInstance): void {
  app.addHook("preSerialization", async (_request, reply, payload) => {
    if (!isLarge(payload)) return payload;
    reply.serializer((json: Buffer) => json as unknown as string);
    return jsonInPieces(payload);
  });
}

/** As JSON.stringify, in pieces. @param value has no circles, and nothing that JSON does not have but undefined and dates */
export async function jsonInPieces(value: unknown): Promise<Buffer> {
  const pace = createPace();
  const pieces: Buffer[] = [];
  let text = "";
  const write = (more: string): void => {
    text += more;
    if (text.length < PIECE_CHARACTERS) return;
    pieces.push(Buffer.from(text));
    text = "";
  };
  await writeValue(value, write, pace);
  pieces.push(Buffer.from(text));
  return Buffer.concat(pieces);
}

type Write = (text: string) => void;

async function writeValue(value: unknown, write: Write, pace: Pace): Promise<void> {
  if (!isContainer(value) || !Object.values(value).some(isContainer))
    return write(JSON.stringify(value) ?? "null");
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      write(index === 0 ? "[" : ",");
      await writeValue(item, write, pace);
      if (pace.isDue()) await pace.pause();
    }
    return write("]");
  }
  let before = "{";
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined) continue;
    write(`${before}${JSON.stringify(name)}:`);
    before = ",";
    await writeValue(item, write, pace);
  }
  write(before === "{" ? "{}" : "}");
}

/** Dates are written as one. */
const isContainer = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !("toJSON" in value);

/** Whether there is that much text in it; it is not looked at any longer than that takes to know. */
function isLarge(payload: unknown): boolean {
  const waiting: unknown[] = [payload];
  let characters = 0;
  while (waiting.length > 0 && characters <= LARGE_CHARACTERS) {
    const value = waiting.pop();
    if (typeof value === "string") characters += value.length;
    else if (isContainer(value))
      for (const item of Object.values(value)) {
        if (typeof item === "string") characters += item.length;
        else if (isContainer(item)) waiting.push(item);
        if (characters > LARGE_CHARACTERS) return true;
      }
  }
  return characters > LARGE_CHARACTERS;
}
