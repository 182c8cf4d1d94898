/** The fields of every file. */
type FileFacts = {
  readonly id: string;
  readonly name: string;
  /** The type that its bytes have, whatever the sender declared. */
  readonly media_type: string;
  readonly bytes: number;
  /** The size of an image in pixels; null if unknown. */
  readonly width: number | null;
  readonly height: number | null;
  /** How a model gets the file: as an image, as text, or (null) not at all. */
  readonly read_as: "image" | "text" | null;
};

/** A file on the server. */
export type StoredFile = FileFacts & {
  readonly sha256: string;
  /** Only a file that is `ready` can be attached to a message. */
  readonly state: "checking" | "ready" | "refused";
  readonly created_at: string;
};

/** A file as the message with that attachment describes it. */
export type Attachment = FileFacts & {
  /** The file has been deleted; its name stays. */
  readonly is_deleted: boolean;
};
