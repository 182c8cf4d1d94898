import type { PromptPiece } from "../../core/turns/turn.ts";
import { type Fields, invalid, required } from "./fields.ts";

type PieceOf<Type extends PromptPiece["type"]> = Extract<PromptPiece, { readonly type: Type }>;

const SENT_ON = "It is sent to the model as it is, and never fetched by this server.";

/** A picture: a data address, or one of the web. @throws OpenAiError @param path of the field that has it */
export function imagePiece(
  url: string,
  detail: string | undefined,
  path: string,
): PieceOf<"image"> {
  if (!/^(?:data:image\/[\w.+-]+;base64,|https:\/\/)/i.test(url))
    throw invalid(
      path,
      `Invalid '${path}': send a picture as 'data:image/png;base64,…' or as an https address. ${SENT_ON}`,
    );
  return { type: "image", url, detail: detail ?? null };
}

/** A file whose bytes came with the request. @throws OpenAiError @param fields those of the file */
export function filePiece(fields: Fields): PieceOf<"file"> {
  if (fields.has("file_id"))
    throw invalid(
      fields.at("file_id"),
      `Invalid '${fields.at("file_id")}': files cannot be uploaded here. Send the file itself in file_data.`,
    );
  const data = required(fields.string("file_data"), fields.at("file_data"));
  const name = fields.string("filename", { max: 256 }) ?? null;
  return { type: "file", name, data };
}

/** What was recorded. @throws OpenAiError */
export function audioPiece(fields: Fields): PieceOf<"audio"> {
  const data = required(fields.string("data"), fields.at("data"));
  const format = required(fields.string("format", { max: 16 }), fields.at("format"));
  return { type: "audio", data, format };
}
