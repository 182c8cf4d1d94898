import type { AppError } from "../../domain/errors.ts";
import { STATUS } from "../../http/statuses.ts";
import type { ErrorReply } from "../../http/wire.ts";

/** The sentence that the document prints for everything that does not exist. */
const NOT_FOUND = "Resource not found";

/** Only a path without a route is answered by the server's own sentence, because it says more. */
export const errorReply = ({ code, message, resource, textSoFar }: AppError): ErrorReply => ({
  status: STATUS[code],
  body: {
    detail: code === "not_found" && resource !== "route" ? NOT_FOUND : message,
    ...(textSoFar !== undefined && { text_so_far: textSoFar }),
  },
});
