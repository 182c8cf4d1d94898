import type { AppError } from "../../domain/errors.ts";
import { STATUS } from "../../http/statuses.ts";
import type { ErrorReply } from "../../http/wire.ts";

/** What the document prints for whatever is not there. */
const NOT_FOUND = "Resource not found";

/** Only for a path without a route the server's own sentence says more, and is told instead. */
export const errorReply = ({ code, message, resource, textSoFar }: AppError): ErrorReply => ({
  status: STATUS[code],
  body: {
    detail: code === "not_found" && resource !== "route" ? NOT_FOUND : message,
    ...(textSoFar !== undefined && { text_so_far: textSoFar }),
  },
});
