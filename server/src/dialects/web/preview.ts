import { hash } from "node:crypto";
import type { FastifyInstance } from "fastify";

/**
 * A frame for a document that a model has written: an empty page that its holder gives the document to by a message.
 * The page has an origin of its own and may load nothing. Its one script takes the document's scripts, handlers and
 * addresses away, and the policy refuses to run and to load whatever would be left of them.
 * @param pageOrigins whose pages may hold it, besides our own
 */
export function previewFrame(
  app: FastifyInstance,
  path: string,
  pageOrigins: readonly string[],
): void {
  const ancestors = ["'self'", ...pageOrigins].join(" ");
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${hash("sha256", SCRIPT, "base64")}'`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    "font-src data:",
    "media-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${ancestors}`,
    "sandbox allow-scripts",
  ].join("; ");
  app.get(path, { schema: { hide: true } }, (_request, reply) => {
    reply.headers({
      "content-security-policy": policy,
      "permissions-policy": "microphone=(), camera=(), geolocation=(), payment=(), usb=()",
      "referrer-policy": "no-referrer",
      "x-dns-prefetch-control": "off",
      "cache-control": "no-cache",
      "x-robots-tag": "noindex",
    });
    return reply.type("text/html; charset=utf-8").send(PAGE);
  });
}

/** Elements that load, run or lead elsewhere, and then attributes that do, unless what they name is in the document. */
const SCRIPT = `
addEventListener("message", ({ data, source }) => {
  if (source !== parent || typeof data?.html !== "string") return;
  const given = new DOMParser().parseFromString(data.html, "text/html");
  for (const element of given.querySelectorAll(
    "script,iframe,frame,frameset,object,embed,applet,link,meta,base,portal,fencedframe",
  ))
    element.remove();
  for (const element of given.querySelectorAll("*"))
    for (const { name, value } of [...element.attributes])
      if (
        /^(?:on.*|autofocus)$/i.test(name) ||
        (/(?:^|:)(?:href|src|srcset|imagesrcset|poster|data|background|action|formaction|ping|from|to|values)$/i.test(name) &&
          /[:/\\\\]/.test(value) && !/^\\s*data:(?:image|font|audio|video)\\//i.test(value))
      )
        element.removeAttribute(name);
  document.replaceChild(document.adoptNode(given.documentElement), document.documentElement);
});
`;

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Preview</title><script>${SCRIPT}</script></html>`;
