import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyRequest, RouteOptions } from "fastify";

declare module "fastify" {
  interface FastifyInstance {
    /** The API by OpenAPI 3.1, without `servers`. */
    readonly describe: () => Promise<Readonly<Record<string, unknown>>>;
  }
}

type Documentation = Awaited<
  ReturnType<typeof import("./api-documentation.ts").createDocumentation>
>;

/** An answer of /docs. */
type Page = {
  readonly statusCode: number;
  readonly headers: OutgoingHttpHeaders;
  readonly rawPayload: Buffer;
};

/** What takes a tenth of a second to write, in which nobody else is served: it is written once. */
const YAML_PATH = "/docs/yaml";
/** Of an answer's headers, those that the server itself sets. */
const OF_THE_CONNECTION = new Set(["connection", "keep-alive", "date", "transfer-encoding"]);

/**
 * Describes every route that is registered after this, and shows the description as a page at /docs. What writes and
 * shows it is loaded when it is first asked for: most servers are never asked, and it takes 10 MB.
 * @param notFound what is thrown for a path below /docs that does not exist
 */
export function describeApi(
  app: FastifyInstance,
  version: string,
  notFound: (request: FastifyRequest) => Error,
): void {
  const routes: RouteOptions[] = [];
  let loading: Promise<Documentation> | null = null;
  let yaml: Promise<Page> | null = null;
  const load = (): Promise<Documentation> => {
    loading ??= import("./api-documentation.ts").then(({ createDocumentation }) =>
      createDocumentation(routes, version),
    );
    return loading;
  };
  for (const path of ["/docs", "/docs/*"])
    app.get(path, { schema: { hide: true } }, async (request, reply) => {
      const { app: pages } = await load();
      const { method, url, headers } = request;
      const ask = async (): Promise<Page> =>
        pages.inject({ method: method as "GET" | "HEAD", url, headers });
      if (url === YAML_PATH && method === "GET") yaml ??= ask();
      const page = await (url === YAML_PATH && yaml ? yaml : ask());
      if (page.statusCode === 404) throw notFound(request);
      for (const [name, value] of Object.entries(page.headers))
        if (value !== undefined && !OF_THE_CONNECTION.has(name)) reply.header(name, value);
      return reply.code(page.statusCode).send(page.rawPayload);
    });
  app.addHook("onRoute", (route) => {
    if (route.method !== "HEAD" && !route.schema?.hide) routes.push(route);
  });
  app.decorate("describe", async () => (await load()).describe());
}
