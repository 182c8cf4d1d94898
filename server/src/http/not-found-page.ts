import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { wayToRoot } from "./base-path.ts";

/** The colours of the page that it leads to (web/src/styles/tokens.css). */
const STYLE = `
:root { color-scheme: light dark; --paper: light-dark(oklch(0.994 0.0015 85), oklch(0.213 0.004 85)); --ink: light-dark(oklch(0.225 0.008 85), oklch(0.935 0.005 85)); --ink-soft: light-dark(oklch(0.42 0.009 85), oklch(0.79 0.006 85)); --accent: light-dark(oklch(0.415 0.075 156), oklch(0.81 0.095 156)); --accent-hover: light-dark(oklch(0.375 0.075 156), oklch(0.86 0.09 156)); --on-accent: light-dark(oklch(1 0 0), oklch(0.2 0.03 156)); }
body { display: grid; place-content: center; justify-items: center; gap: 1.25rem; min-height: 100dvh; margin: 0; padding: 0 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; text-align: center; }
h1 { margin: 0 0 .25rem; font-size: 1.3125rem; font-weight: 600; line-height: 1.3; letter-spacing: -0.01em; }
p { margin: 0; color: var(--ink-soft); overflow-wrap: anywhere; }
a { padding: .6rem 1.125rem; border-radius: 10px; background: var(--accent); color: var(--on-accent); font-size: .875rem; font-weight: 550; text-decoration: none; }
a:hover { background: var(--accent-hover); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
`;
/** Of those that a browser asks for, the first. */
const MAX_LANGUAGES = 16;
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
  fr: {
    title: "Il n’y a rien à cette adresse",
    text: "Elle est peut-être mal écrite, ou ce qui se trouvait ici n’existe plus.",
    home: "Aller aux conversations",
  },
  es: {
    title: "No hay nada en esta dirección",
    text: "Puede que esté mal escrita o que lo que había aquí ya no exista.",
    home: "Ir a las conversaciones",
  },
  ja: {
    title: "このアドレスには何もありません",
    text: "入力が間違っているか、ここにあったものはなくなりました。",
    home: "会話へ",
  },
  ar: {
    title: "لا يوجد شيء على هذا العنوان",
    text: "ربما كُتب العنوان خطأً، أو أن ما كان هنا لم يعد موجودًا.",
    home: "الانتقال إلى المحادثات",
  },
} as const;
type Language = keyof typeof WORDS;

/** The first that the browser asks for and the page has. */
function languageOf(accepted: string | undefined): Language {
  const codes = (accepted ?? "").toLowerCase().split(",", MAX_LANGUAGES);
  const found = codes
    .map((code) => code.trim().slice(0, 2))
    .find((code) => Object.hasOwn(WORDS, code));
  return (found as Language | undefined) ?? "en";
}

/**
 * Sends a page to a person who typed or followed an address that does not exist.
 * @param homePath the address of the link on the page, below the server's root and without a slash before it
 */
export function sendNotFoundPage(
  request: FastifyRequest,
  reply: FastifyReply,
  homePath: string,
): FastifyReply {
  const language = languageOf(request.headers["accept-language"]);
  const { title, text, home } = WORDS[language];
  const path = request.url.split("?", 1)[0] ?? "/";
  return reply
    .code(404)
    .headers({ "content-security-policy": POLICY, "content-language": language })
    .type("text/html; charset=utf-8")
    .send(
      `<!doctype html><html lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · Colloquy</title><style>${STYLE}</style><main><h1>${title}</h1><p>${text}</p></main><a href="${wayToRoot(path)}${homePath}">${home}</a></html>`,
    );
}
