import type { AppError } from "../domain/errors.ts";
import { STATUS } from "./statuses.ts";
import type { ErrorReply } from "./wire.ts";

/** For what no document describes: the operator's routes and the web app. */
export const plainErrorReply = ({ code, message }: AppError): ErrorReply => ({
  status: STATUS[code],
  body: { error: message, code },
});
