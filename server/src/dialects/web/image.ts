import { hash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { Type } from "../../http/schema.ts";

/** Longer than real addresses, and shorter than the bound of proxies. */
const MAX_ADDRESS_CHARACTERS = 4096;

/**
 * A frame for one image of another host: a page that may load images of that origin and do nothing
 * else. This server never fetches the image; the browser does, without saying where it stands.
 * @param pageOrigins whose pages may hold it, besides our own
 */
export function imageFrame(
  app: FastifyInstance,
  path: string,
  pageOrigins: readonly string[],
): void {
  const ancestors = ["'self'", ...pageOrigins].join(" ");
  app.get<{ Querystring: { src: string } }>(
    path,
    {
      schema: {
        hide: true,
        querystring: Type.Object({ src: Type.String({ maxLength: MAX_ADDRESS_CHARACTERS }) }),
      },
    },
    (request, reply) => {
      // A page of its own would show anybody's image as ours. Over plain http browsers say nothing of the kind.
      const place = request.headers["sec-fetch-dest"];
      if (place !== undefined && place !== "iframe")
        throw new AppError("forbidden", "An image is shown only inside the web app");
      const url = imageUrl(request.query.src);
      reply.headers({
        "content-security-policy": `default-src 'none'; img-src ${url.origin}; style-src 'sha256-${STYLE_HASH}'; frame-ancestors ${ancestors}; sandbox`,
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
        "x-robots-tag": "noindex",
      });
      return reply.type("text/html; charset=utf-8").send(pageWith(url));
    },
  );
}

/** @throws AppError invalid_request */
function imageUrl(text: string): URL {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  if (!url || url.username || url.password || !HOST.test(url.host))
    throw new AppError(
      "invalid_request",
      "src must be the address of an image that begins with https:// or http://, without a name and password",
      { field: "src" },
    );
  return url;
}

/** What may stand in a policy: a name, an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

const STYLE =
  "html,body{margin:0;height:100%}body{display:grid;place-items:center}img{max-width:100%;max-height:100%}";
const STYLE_HASH = hash("sha256", STYLE, "base64");

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

const pageWith = ({ href }: URL): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Image</title><style>${STYLE}</style><img src="${escaped(href)}" alt="" referrerpolicy="no-referrer">`;
