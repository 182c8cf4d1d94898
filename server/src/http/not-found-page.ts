import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { wayToRoot } from "./base-path.ts";

const STYLE = `
:root { color-scheme: light dark; --surface: #fff; --text: #16181d; --muted: #535b6b; --accent: #2f49d6; }
@media (prefers-color-scheme: dark) { :root { --surface: #15171c; --text: #eceef3; --muted: #a7afbf; --accent: #3a54e0; } }
body { display: grid; place-content: center; justify-items: center; gap: 1rem; min-height: 100dvh; margin: 0; padding: 0 1rem; background: var(--surface); color: var(--text); font: 1rem/1.6 system-ui, sans-serif; text-align: center; }
h1 { margin: 0; font-size: 1.35rem; line-height: 1.3; }
p { margin: 0; color: var(--muted); overflow-wrap: anywhere; }
a { padding: .55rem 1.1rem; border-radius: 10px; background: var(--accent); color: #fff; font-weight: 600; text-decoration: none; }
a:focus-visible { outline: 2px solid var(--text); outline-offset: 3px; }
`;
const POLICY = `default-src 'none'; style-src 'sha256-${hash("sha256", STYLE, "base64")}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

const WORDS = {
  en: {
    title: "There is nothing at this address",
    text: "It may have been mistyped, or what was here is gone.",
    home: "Go to the conversations",
  },
  de: {
    title: "Unter dieser Adresse ist nichts",
    text: "Vielleicht ist sie falsch geschrieben, oder was hier war, gibt es nicht mehr.",
    home: "Zu den Gesprächen",
  },
} as const;

/**
 * Sends a page to a person who typed or followed an address that does not exist.
 * @param homePath the address of the link on the page, below the server's root and without a slash before it
 */
export function sendNotFoundPage(
  request: FastifyRequest,
  reply: FastifyReply,
  homePath: string,
): FastifyReply {
  const language = /^de\b/i.test(request.headers["accept-language"] ?? "") ? "de" : "en";
  const { title, text, home } = WORDS[language];
  const path = request.url.split("?", 1)[0] ?? "/";
  return reply
    .code(404)
    .headers({ "content-security-policy": POLICY, "content-language": language })
    .type("text/html; charset=utf-8")
    .send(
      `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · Colloquy</title><style>${STYLE}</style><main><h1>${title}</h1><p>${text}</p></main><a href="${wayToRoot(path)}${homePath}">${home}</a></html>`,
    );
}
