import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import fastify, { type RouteOptions } from "fastify";

/** The pages about routes of another server, as a server that listens nowhere. */
export async function createDocumentation(routes: readonly RouteOptions[], version: string) {
  const app = fastify({ routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true } });
  // Nothing is ever sent to the routes, so that there is nothing to compile for them.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
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
  for (const { method, url, schema, config } of routes)
    app.route({
      method,
      url,
      ...(schema && { schema }),
      ...(config && { config }),
      exposeHeadRoute: false,
      handler: async () => undefined,
    });
  await app.ready();
  return { app, describe: () => app.swagger() as unknown as Readonly<Record<string, unknown>> };
}
