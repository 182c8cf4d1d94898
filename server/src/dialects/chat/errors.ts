import type { AppError } from "../../domain/errors.ts";
import { STATUS } from "../../http/statuses.ts";
import type { ErrorReply } from "../../http/wire.ts";

export const errorReply = ({ code, message }: AppError): ErrorReply => ({
  status: STATUS[code],
  body: { detail: message },
});
