import { checkStorable } from "../../domain/text.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, outOfBounds, required } from "../openai/fields.ts";
import { type Content, type Item, type Items, wordsOf } from "./items.ts";

const MAX_ID_CHARACTERS = 64;
const MAX_TEXT_CHARACTERS = 1_000_000;
/** Of a message that no model wrote. */
const MAX_SAID_CHARACTERS = 100_000;
const MAX_IMAGE_CHARACTERS = 28 * 1024 * 1024;
const MAX_CONTENT_PARTS = 100;

/**
 * The item that a client puts into the conversation.
 * @param newId for an item without an id
 * @throws OpenAiError
 */
export function itemIn(fields: Fields, items: Pick<Items, "all">, newId: () => string): Item {
  const id = fields.string("id", { min: 1, max: MAX_ID_CHARACTERS }) ?? newId();
  const type =
    fields.oneOf("type", ["message", "function_call", "function_call_output"]) ?? "message";
  switch (type) {
    case "message": {
      const role = required(
        fields.oneOf("role", ["user", "assistant", "system"]),
        fields.at("role"),
      );
      const list = required(
        fields.list("content", { min: 1, max: MAX_CONTENT_PARTS }),
        fields.at("content"),
      );
      const content = list.map(({ value, path }) => contentIn(fieldsOf(value, path), role));
      const { length } = wordsOf(content);
      if (role !== "assistant" && length > MAX_SAID_CHARACTERS)
        throw outOfBounds(fields.at("content"), "string", "above", MAX_SAID_CHARACTERS, length);
      return { id, type, role, status: "completed", content };
    }
    case "function_call":
      return {
        id,
        type,
        status: "completed",
        callId: textIn(fields, "call_id"),
        name: textIn(fields, "name"),
        arguments: textIn(fields, "arguments"),
      };
    case "function_call_output": {
      const callId = textIn(fields, "call_id");
      const isAsked = items.all.some(
        (item) => item.type === "function_call" && item.callId === callId,
      );
      if (!isAsked)
        throw invalid(
          fields.at("call_id"),
          `No tool call found with the call_id '${callId.slice(0, 100)}'.`,
        );
      return { id, type, status: "completed", callId, output: textIn(fields, "output") };
    }
  }
}

function contentIn(part: Fields, role: "user" | "assistant" | "system"): Content {
  if (role === "assistant") {
    const type = required(
      part.oneOf("type", ["output_text", "output_audio", "text"]),
      part.at("type"),
    );
    if (type !== "output_audio") return { type: "output_text", text: textIn(part, "text") };
    const said = textIn(part, "transcript");
    return { type, transcript: said, said };
  }
  const type = required(
    part.oneOf("type", ["input_text", "input_audio", "input_image"]),
    part.at("type"),
  );
  if (type === "input_text") return { type, text: textIn(part, "text") };
  if (role === "system")
    throw invalid(part.at("type"), "Invalid value: a message of the system has input_text alone.");
  if (type === "input_image")
    return {
      type,
      url: imageIn(part),
      detail: part.oneOf("detail", ["auto", "low", "high", "original"]) ?? null,
    };
  const said = part.string("transcript", { max: MAX_TEXT_CHARACTERS });
  if (!said)
    throw notHere(
      part.at("audio"),
      "The sound of an item is not recognised. Send it by input_audio_buffer.append, or give its transcript",
    );
  checkStorable(said, part.at("transcript"));
  return { type, transcript: said, said };
}

function imageIn(part: Fields): string {
  const path = part.at("image_url");
  const url = required(part.string("image_url", { min: 1, max: MAX_IMAGE_CHARACTERS }), path);
  if (!/^(?:data:image\/|https:\/\/)/i.test(url))
    throw invalid(
      path,
      "Invalid value: an image is a data URL (data:image/…;base64,…) or an https address.",
    );
  return url;
}

function textIn(fields: Fields, name: string): string {
  const path = fields.at(name);
  const text = required(fields.string(name, { max: MAX_TEXT_CHARACTERS }), path);
  checkStorable(text, path);
  return text;
}
