import type { FastifyError } from "fastify";
import { AppError, type ErrorCode } from "../domain/errors.ts";

/** Turns an error of the framework into one in the server's own words. */
export function errorOf(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, validation, validationContext, statusCode } = error as Partial<FastifyError>;
  if (validation?.[0]) return validationError(validation[0], validationContext ?? "body");
  const known = code ? BY_FRAMEWORK_CODE[code] : undefined;
  if (known) return new AppError(known[0], known[1], { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new AppError("invalid_request", "The request cannot be understood", { cause: error });
  return new AppError("internal", "Internal server error", { cause: error });
}

const NOT_JSON = "The body is not valid JSON";

/** Whether it says that a body is no JSON, for wires that have a code of their own for that. */
export const isUnreadableJson = ({ message }: AppError): boolean => message === NOT_JSON;

const BY_FRAMEWORK_CODE: Record<string, readonly [ErrorCode, string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    "unsupported_media_type",
    "Send the body as JSON, with 'Content-Type: application/json'",
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ["too_large", "The body is too large"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    "invalid_request",
    "The body is not as long as Content-Length says",
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ["invalid_request", NOT_JSON],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["invalid_request", NOT_JSON],
  FST_ERR_BAD_URL: ["invalid_request", "The path is not encoded correctly"],
  FST_ERR_ROUTE_METHOD_NOT_SUPPORTED: ["method_not_allowed", "This method is not supported"],
};

type Violation = NonNullable<FastifyError["validation"]>[number];

const ARTICLES: Record<string, string> = {
  string: "a string",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};

function validationError(
  { keyword, instancePath, params, message }: Violation,
  context: string,
): AppError {
  const path = instancePath
    .slice(1)
    .replace(/\/(\d+)/g, "[$1]")
    .replaceAll("/", ".");
  const place = path || (context === "body" ? "The body" : context);
  if (keyword === "required") {
    const field = [path, String(params.missingProperty)].filter(Boolean).join(".");
    return new AppError("invalid_request", `${field} field is required`, { field });
  }
  const field = path || context;
  if (keyword === "type") {
    const types = [params.type].flat().map((type) => ARTICLES[String(type)] ?? String(type));
    if (!path && context === "body")
      return new AppError("invalid_request", "The body must be a JSON object", { field });
    return new AppError("invalid_request", `${place} must be ${types.join(" or ")}`, { field });
  }
  if (keyword === "enum")
    return new AppError(
      "invalid_request",
      `${place} must be one of: ${(params.allowedValues as unknown[]).join(", ")}`,
      { field },
    );
  if (keyword === "const")
    return new AppError(
      "invalid_request",
      `${place} must be ${JSON.stringify(params.allowedValue)}`,
      { field },
    );
  return new AppError("invalid_request", `${place} ${message ?? "is not valid"}`, { field });
}
