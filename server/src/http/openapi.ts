import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";

/** Describes every route that is registered after this, and shows the description as a page at /docs. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Colloquy",
        version,
        description:
          "One conversation server for every chat client. Five published APIs over one store: a conversation begun through one goes on through another.",
        license: { name: "MIT", identifier: "MIT" },
      },
      components: {
        securitySchemes: {
          bearer: {
            type: "http",
            scheme: "bearer",
            description:
              "A key made with `colloquy keys create`. Until the first key is made, programs on the server's own machine may send any token.",
          },
        },
      },
      security: [{ bearer: [] }],
    },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    indexPrefix: ".",
    staticCSP: true,
    // The server's root seen from `/docs/json`, because a proxy may have put a path in front.
    transformSpecification: (description) => ({ ...description, servers: [{ url: ".." }] }),
    transformSpecificationClone: false,
    uiConfig: { docExpansion: "list", deepLinking: true },
  });
}
