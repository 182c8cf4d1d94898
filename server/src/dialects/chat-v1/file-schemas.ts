import { FILE_STATES, MAX_FILES_A_MESSAGE } from "../../domain/file.ts";
import { Type } from "../../http/schema.ts";

const Size = Type.Union([Type.Integer(), Type.Null()]);

const ofEveryFile = {
  id: Type.String(),
  name: Type.String(),
  media_type: Type.String({ description: "What its bytes are, whatever was said of them." }),
  bytes: Type.Integer(),
  width: Size,
  height: Size,
  read_as: Type.Union([Type.Literal("image"), Type.Literal("text"), Type.Null()], {
    description:
      "How a model is given it: to look at, to read, or (null) not at all: then it is told the name alone.",
  }),
};

export const FileBody = Type.Object(
  {
    ...ofEveryFile,
    sha256: Type.String(),
    state: Type.Enum([...FILE_STATES], {
      description: "A message can be sent with what is `ready`.",
    }),
    created_at: Type.String({ format: "date-time" }),
  },
  { title: "File" },
);

export const AttachmentBody = Type.Object(
  {
    ...ofEveryFile,
    is_deleted: Type.Boolean({ description: "The file was deleted since; its name stays." }),
  },
  { title: "Attachment" },
);

/** In the body of a message. */
export const attachmentsInBody = {
  attachments: Type.Optional(
    Type.Array(Type.String(), {
      description: `Ids of files (\`POST /v1/chat/files\`), at most ${MAX_FILES_A_MESSAGE}; only of a message of role \`user\`.`,
    }),
  ),
};
