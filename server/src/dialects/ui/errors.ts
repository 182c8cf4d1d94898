import type { AppError } from "../../domain/errors.ts";
import { STATUS } from "../../http/statuses.ts";
import type { ErrorReply } from "../../http/wire.ts";

/** The SDK shows the body as it is, so the sentence comes first. */
export const errorReply = ({ code, message, field }: AppError): ErrorReply => ({
  status: STATUS[code],
  body: { error: { message, code, ...(field !== undefined && { field }) } },
});
