import type { AppError } from "../domain/errors.ts";
import { STATUS } from "./statuses.ts";
import type { ErrorReply } from "./wire.ts";

/** The errors of routes that no document describes: the operator's and the web app's. */
export const plainErrorReply = ({ code, message }: AppError): ErrorReply => ({
  status: STATUS[code],
  body: { error: message, code },
});
