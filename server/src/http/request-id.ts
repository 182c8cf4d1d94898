import { randomBytes } from "node:crypto";

const instance = randomBytes(6).toString("base64url").replace(/[-_]/g, "0");
let requests = 0;

/** Names a request, for its answer (`X-Request-Id`) and the logs. */
export const newRequestId = (): string =>
  `req_${instance}${(requests++).toString(36).padStart(6, "0")}`;
