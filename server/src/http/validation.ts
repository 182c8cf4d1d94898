import { Ajv } from "ajv";
import type { FastifyInstance } from "fastify";

/** Bodies are taken as they are; the strings of a query become the numbers and booleans that its schema says. */
export function validateBySchema(app: FastifyInstance): void {
  const options = {
    useDefaults: true,
    removeAdditional: false,
    allErrors: false,
    strict: false,
  } as const;
  const exact = new Ajv({ ...options, coerceTypes: false });
  const fromText = new Ajv({ ...options, coerceTypes: true });
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === "body" ? exact : fromText).compile(schema as object),
  );
}
