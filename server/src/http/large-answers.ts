import type { FastifyInstance } from "fastify";
import { createPace, type Pace } from "../domain/turns-of-the-loop.ts";

/** Answers with more text than that are written in pieces, between which others are served. */
const LARGE_CHARACTERS = 256 * 1024;
const PIECE_CHARACTERS = 64 * 1024;

/** JSON.stringify of a large answer would hold up everybody else for as long as it takes. */
export function writeLargeAnswersInPieces(app: FastifyInstance): void {
  app.addHook("preSerialization", (_request, reply, payload, done) => {
    if (roomAfter(payload, LARGE_CHARACTERS) >= 0) return done(null, payload);
    reply.serializer((json: Buffer) => json as unknown as string);
    jsonInPieces(payload).then((json) => done(null, json), done);
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

/** What is left of so many characters after the texts of the value; below 0, it is not looked at any further. */
function roomAfter(value: unknown, characters: number): number {
  if (typeof value === "string") return characters - value.length;
  if (!isContainer(value)) return characters;
  let room = characters;
  if (Array.isArray(value))
    for (let index = 0; index < value.length && room >= 0; index++)
      room = roomAfter(value[index], room);
  else
    for (const name in value) {
      room = roomAfter((value as Record<string, unknown>)[name], room);
      if (room < 0) return room;
    }
  return room;
}
