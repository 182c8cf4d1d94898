import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import fastJsonStringify from "fast-json-stringify";
import type { FastifyInstance } from "fastify";
import type { AppError } from "../domain/errors.ts";
import { errorOf } from "./errors.ts";

const OPTIONS = {
  useDefaults: true,
  removeAdditional: false,
  allErrors: false,
  strict: false,
} as const;

/**
 * Checks what is in a body as whole bodies are, and fills in the defaults. It is compiled when it is first needed.
 * @param name what the value is called in errors
 * @returns what is wrong; null: nothing is
 */
export function checkBySchema(schema: object, name: string): (value: unknown) => AppError | null {
  let validate: ValidateFunction | null = null;
  return (value) => {
    validate ??= new Ajv({ ...OPTIONS, coerceTypes: false }).compile(schema);
    if (validate(value)) return null;
    return errorOf({ validation: validate.errors, validationContext: name });
  };
}

/**
 * Bodies are taken as they are; the strings of a query become the numbers and booleans that its schema
 * says. What checks and writes by a schema is compiled when it is first needed: at start that is most of
 * the time that the server takes.
 */
export function validateBySchema(app: FastifyInstance): void {
  const exact = new Ajv({ ...OPTIONS, coerceTypes: false });
  const fromText = new Ajv({ ...OPTIONS, coerceTypes: true });
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const ajv = httpPart === "body" ? exact : fromText;
    let validate: ValidateFunction | null = null;
    return (data: unknown): true | { error: ErrorObject[] } => {
      validate ??= ajv.compile(schema as object);
      return validate(data) ? true : { error: validate.errors ?? [] };
    };
  });
  app.setSerializerCompiler(({ schema }) => {
    let write: ((data: unknown) => string) | null = null;
    return (data) => {
      write ??= fastJsonStringify(schema as object);
      return write(data);
    };
  });
}
