import type { JsonObject } from "../../domain/json.ts";

/** What the record of a turn has whose response or completion was deleted, and that is there only for what goes on from it. */
export const DELETED = { isDeleted: true } as const;

/** @param record what a wire keeps with a turn; null: nothing */
export const isDeletedRecord = (record: JsonObject | null | undefined): boolean =>
  record?.isDeleted === true;
