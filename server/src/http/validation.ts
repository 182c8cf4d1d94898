import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import fastJsonStringify from "fast-json-stringify";
import type { FastifyInstance } from "fastify";

/**
 * Bodies are taken as they are; the strings of a query become the numbers and booleans that its schema
 * says. What checks and writes by a schema is compiled when it is first needed: at start that is most of
 * the time that the server takes.
 */
export function validateBySchema(app: FastifyInstance): void {
  const options = {
    useDefaults: true,
    removeAdditional: false,
    allErrors: false,
    strict: false,
  } as const;
  const exact = new Ajv({ ...options, coerceTypes: false });
  const fromText = new Ajv({ ...options, coerceTypes: true });
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
