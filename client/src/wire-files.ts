/** What every file has. */
type FileFacts = {
  readonly id: string;
  readonly name: string;
  /** What its bytes are, whatever was said of them. */
  readonly media_type: string;
  readonly bytes: number;
  /** Of images, in pixels; null where they are not known. */
  readonly width: number | null;
  readonly height: number | null;
  /** How a model is given it: to look at, to read, or (null) not at all. */
  readonly read_as: "image" | "text" | null;
};

/** A file on the server. */
export type StoredFile = FileFacts & {
  readonly sha256: string;
  /** A message can be sent with what is `ready`. */
  readonly state: "checking" | "ready" | "refused";
  readonly created_at: string;
};

/** A file as the message that it was sent with tells of it. */
export type Attachment = FileFacts & {
  /** The file was deleted since; its name stays. */
  readonly is_deleted: boolean;
};
