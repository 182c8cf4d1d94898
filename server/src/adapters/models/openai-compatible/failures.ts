import { AppError, type ErrorCode, modelUnavailable } from "../../../domain/errors.ts";
import { ExchangeError } from "./exchange.ts";
import { isObject, type Loose, parseLoosely } from "./loose-json.ts";
import type { ReplyFault } from "./reply-parser.ts";
import { retryAfterMsOf } from "./retry-after.ts";

/** The provider that messages name, and the secrets that they must not contain. */
export type ProviderIdentity = {
  readonly name: string;
  readonly apiKey: string | null;
  /** The setting that holds the key, named to the operator. */
  readonly keySetting: string | null;
};

/** One attempt at a reply failed; `error` is what the caller gets if no other attempt is made. */
export class AttemptFailure extends Error {
  readonly error: AppError;
  /** Whether another attempt can succeed; `at_once` where waiting gains nothing. */
  readonly retry: "never" | "later" | "at_once";

  constructor(error: AppError, retry: AttemptFailure["retry"]) {
    super(error.message, { cause: error });
    this.name = "AttemptFailure";
    this.error = error;
    this.retry = retry;
  }
}

const REFUSED = new Set([400, 404, 405, 413, 414, 415, 422]);
const RETRIED = new Set([408, 409, 425, 429]);
const MAX_REASON_CHARACTERS = 500;

export const modelFailed = (
  message: string,
  retry: AttemptFailure["retry"] = "never",
  cause?: unknown,
): AttemptFailure => new AttemptFailure(new AppError("model_failed", message, { cause }), retry);

/** The exchange broke: cannot be reached, cut, stalled. Other errors come back as they are. */
export function failureOfExchange(error: unknown, { name }: ProviderIdentity): unknown {
  if (!(error instanceof ExchangeError)) return error;
  if (error.kind === "idle")
    return modelFailed(`The model provider ${name} stopped answering`, "never", error);
  if (error.begun)
    return modelFailed(`The model provider ${name} broke off its reply`, "later", error);
  return isStaleConnection(error.cause)
    ? modelFailed(`The model provider ${name} closed the connection`, "at_once", error)
    : modelFailed(`The model provider ${name} cannot be reached`, "later", error);
}

/** A connection kept from an earlier request may be closed by the other side as we write to it. */
function isStaleConnection(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE";
}

/** A reply had the provider's error in it, or could not be understood. */
export function failureOfReply(fault: ReplyFault, identity: ProviderIdentity): AttemptFailure {
  if (fault.type === "provider_error") return failureOfAnswer(null, fault.body, null, identity);
  const { problem } = fault;
  return problem === "no finish reason"
    ? modelFailed(`The model provider ${identity.name} broke off its reply`, "later")
    : modelFailed(
        `The model provider ${identity.name} sent something that is not a reply`,
        "never",
        problem,
      );
}

/**
 * The meaning of a provider's error in the status and body of a response, or inside a stream.
 * @param status the HTTP status; null for an error inside a stream, which may contain a status of its own
 * @param body parsed JSON or plain text
 */
export function failureOfAnswer(
  status: number | null,
  body: unknown,
  retryAfterMs: number | null,
  identity: ProviderIdentity,
): AttemptFailure {
  const { name } = identity;
  const detail = detailOf(body);
  const code = status ?? statusInside(detail);
  const reason = reasonOf(body, detail, identity);
  const waitMs = retryAfterMs ?? retryAfterMsInside(detail);
  const fail = (error: ErrorCode, message: string, retry: AttemptFailure["retry"] = "never") =>
    new AttemptFailure(
      new AppError(error, message, {
        ...(waitMs !== null && { retryAfterMs: waitMs }),
        cause: `${code}: ${reason}`,
      }),
      retry,
    );
  const forOperator = (words: string) =>
    new AttemptFailure(
      modelUnavailable(reason ? `${words}. It says: ${reason}` : words, {
        ...(waitMs !== null && { retryAfterMs: waitMs }),
        cause: `${code}: ${reason}`,
      }),
      "never",
    );
  if (code === 402 || detail.code === "insufficient_quota")
    return forOperator(`The model provider ${name} has no credit left for this server`);
  if (code === 429)
    return fail(
      "rate_limited",
      `The model provider ${name} is receiving too many requests`,
      "later",
    );
  if (code === 403 && wasModerated(detail))
    return fail("model_refused", reason || `The model provider ${name} moderated the request`);
  if (code === 401 || code === 403) return forOperator(keyRefused(identity));
  const isUnknownModel = isAboutModel(code, reason, detail);
  if ((code === 404 || code === 405) && !isUnknownModel)
    return forOperator(`The model provider ${name} is not at its address: check its base URL`);
  if (REFUSED.has(code))
    return new AttemptFailure(
      new AppError("model_refused", reason || `The model provider ${name} refused the request`, {
        isUnknownModel,
        cause: `${code}: ${reason}`,
      }),
      "never",
    );
  if (code >= 300 && code < 400)
    return forOperator(`The model provider ${name} answers at another address: check its base URL`);
  return fail(
    "model_failed",
    `The model provider ${name} failed`,
    code >= 500 || RETRIED.has(code) ? "later" : "never",
  );
}

const keyRefused = ({ name, apiKey, keySetting }: ProviderIdentity): string =>
  apiKey === null
    ? `The model provider ${name} wants a key: set ${keySetting ?? "its API key"}`
    : `The model provider ${name} refused the server's key: check ${keySetting ?? "its API key"}`;

const UNKNOWN_MODEL =
  /\bmodels?\b.*(?:not valid|not found|not exist|not available|unknown|unsupported|no access)|(?:unknown|invalid|no such|not a valid) model\b|no endpoints found/iu;

/** Whether the model is at fault that was named, and not the rest of the request. */
const isAboutModel = (code: number, reason: string, detail: Loose): boolean =>
  detail.code === "model_not_found" ||
  detail.type === "model_not_found" ||
  (code === 404 && /\bmodel\b/iu.test(reason)) ||
  ((code === 400 || code === 404) && UNKNOWN_MODEL.test(reason));

/** The object that describes the error: nested (OpenAI), flat (Cerebras), or the body itself. */
function detailOf(body: unknown): Loose {
  if (!isObject(body)) return {};
  return isObject(body.error) ? body.error : body;
}

const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  context_length_exceeded: 400,
  model_not_found: 404,
  not_found_error: 404,
  authentication_error: 401,
  invalid_api_key: 401,
  permission_error: 403,
  insufficient_quota: 402,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  too_many_requests_error: 429,
};

/** An error inside a stream carries its status as `code` or `status`, or only a name. */
function statusInside(detail: Loose): number {
  for (const value of [detail.code, detail.status, detail.status_code, detail.type]) {
    const status = typeof value === "string" ? (STATUS_OF_TYPE[value] ?? Number(value)) : value;
    if (typeof status === "number" && status >= 300 && status <= 599) return status;
  }
  return 500;
}

/** OpenRouter repeats in the body the headers of the provider behind it. */
function retryAfterMsInside({ metadata }: Loose): number | null {
  if (!isObject(metadata) || !isObject(metadata.headers)) return null;
  const headers = Object.entries(metadata.headers);
  return retryAfterMsOf(
    Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), String(value)])),
  );
}

const wasModerated = ({ metadata }: Loose): boolean =>
  isObject(metadata) && Array.isArray(metadata.reasons);

/** The provider's reason in one short line, without secrets; "" where it gave none. */
function reasonOf(body: unknown, detail: Loose, identity: ProviderIdentity): string {
  const parts = [sentenceOf(body, detail)];
  const { metadata } = detail;
  if (isObject(metadata)) {
    if (Array.isArray(metadata.reasons)) parts.push(metadata.reasons.join(", "));
    parts.push(rawReasonOf(metadata.raw));
  }
  const line = parts.filter((part) => part !== "").join(": ");
  return shorten(scrub(line.replace(/\s+/gu, " ").trim(), identity.apiKey));
}

function sentenceOf(body: unknown, detail: Loose): string {
  if (typeof body === "string") return /^\s*</u.test(body) ? "" : body;
  if (typeof detail.message === "string") return detail.message;
  if (typeof detail.error === "string") return detail.error;
  const told = detail.detail;
  if (typeof told === "string") return told;
  if (isObject(told) && typeof told.message === "string") return told.message;
  return Array.isArray(told) ? told.map(sentenceOfField).join("; ") : "";
}

/** One entry of FastAPI's `detail` list: `{loc: ["body", "temperature"], msg}`. */
function sentenceOfField(entry: unknown): string {
  if (!isObject(entry) || typeof entry.msg !== "string") return "";
  const path = Array.isArray(entry.loc) ? entry.loc.filter((step) => step !== "body") : [];
  return path.length === 0 ? entry.msg : `${path.join(".")}: ${entry.msg}`;
}

/** OpenRouter's `metadata.raw`: what the provider behind it said, as text or as JSON in text. */
function rawReasonOf(raw: unknown): string {
  if (typeof raw !== "string") return isObject(raw) ? sentenceOf(raw, detailOf(raw)) : "";
  const parsed = parseLoosely(raw);
  return typeof parsed === "string" ? sentenceOf(raw, {}) : sentenceOf(parsed, detailOf(parsed));
}

const SECRETS: readonly RegExp[] = [
  /\b(?:sk|csk|gsk|pk|rk|hf|xai|ck)[-_][\w*.-]{6,}/gu,
  /\bBearer\s+\S+/giu,
  /(?<=:\/\/)[^\s/@]+@/gu,
];

function scrub(text: string, apiKey: string | null): string {
  const known = apiKey === null || apiKey === "" ? text : text.replaceAll(apiKey, "[secret]");
  return SECRETS.reduce((scrubbed, pattern) => scrubbed.replace(pattern, "[secret]"), known);
}

function shorten(text: string): string {
  const whole = text.toWellFormed();
  if (whole.length <= MAX_REASON_CHARACTERS) return whole;
  const cut = whole.slice(0, MAX_REASON_CHARACTERS - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}
