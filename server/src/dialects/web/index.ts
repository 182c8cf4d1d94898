import { globSync, readFileSync } from "node:fs";
import { posix, sep } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { wayToRoot } from "../../http/base-path.ts";
import { plainErrorReply } from "../../http/plain-errors.ts";
import type { Wire } from "../../http/wire.ts";
import { PAGE_HEADERS } from "./headers.ts";
import { imageFrame } from "./image.ts";
import { previewFrame } from "./preview.ts";

const PREFIX = "/app/";
/** Their names hold a hash of their content. */
const ASSETS = "assets/";
const INDEX = "index.html";
/** Links, which whoever finds one is not to put into a search engine. */
const SHARED = "shared/";
const INVITATION = "invitation";
/** The page then sends the session of its cookie, and not what an unclaimed server takes. */
const CLAIMED = '<meta name="colloquy-claimed" content="yes">';
const FOR_EVER = "public, max-age=31536000, immutable";

export type WebParts = {
  /** The build's folder, with its `index.html`; null: there is no build. */
  readonly webDirectory: string | null;
  /** The provider that people sign in with by a button; null: they have keys and invitations. */
  readonly signIn: { readonly name: string } | null;
  /** Whether a key was ever made, or people sign in by a provider. */
  readonly isClaimed: () => Promise<boolean>;
  /** Where the app is served as well, from elsewhere. */
  readonly pageOrigins: readonly string[];
};

/**
 * The web app at `/app/`: the files of its build. Every other address below it is the page too, which
 * finds its way by itself. Null where there is no build.
 */
export function webPages(parts: WebParts): Wire | null {
  const { webDirectory: directory, pageOrigins, signIn, isClaimed } = parts;
  if (directory === null) return null;
  const files = new Set(
    globSync("**/*", { cwd: directory, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.(?:br|gz)$/.test(entry.name))
      .map((entry) =>
        posix.join(
          ...entry.parentPath.slice(directory.length).split(sep).filter(Boolean),
          entry.name,
        ),
      ),
  );
  // The page is read now, so that a missing build is reported at the start.
  const index = withSignIn(readFileSync(`${directory}/${INDEX}`, "utf8"), signIn);

  /** The page, whose files are named from where it is asked for: a proxy may have put a path before ours. */
  const pageAt = (path: string): string =>
    index.replaceAll(/(?<=\s(?:href|src)=")\.\//g, wayToRoot(`/${path}`));
  /** A store that is away now has the page ask as it did before anybody had claimed the server. */
  const claimNote = async () => ((await isClaimed().catch(() => false)) ? CLAIMED : "");
  const send = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const path = (request.params as { "*"?: string })["*"] ?? "";
    const isAsset = path.startsWith(ASSETS);
    if (isAsset && !files.has(path))
      throw new AppError("not_found", "The web app has no such file; reload the page");
    reply.headers(PAGE_HEADERS);
    if (path.startsWith(SHARED) || path === INVITATION)
      reply.header("x-robots-tag", "noindex, nofollow");
    reply.header("cache-control", isAsset ? FOR_EVER : "no-cache");
    if (files.has(path) && path !== INDEX) return reply.sendFile(path, { cacheControl: false });
    const page = withHead(pageAt(path), await claimNote());
    return reply.type("text/html; charset=utf-8").send(page);
  };
  return {
    name: "web",
    errorReply: plainErrorReply,
    routes(app) {
      app.register(fastifyStatic, {
        root: directory,
        serve: false,
        preCompressed: true,
        index: false,
      });
      // With and without the slash: the page's own addresses are relative to the one with it.
      app.get("/app", { schema: { hide: true } }, (request, reply) =>
        request.url.startsWith(PREFIX) ? send(request, reply) : reply.redirect("app/"),
      );
      imageFrame(app, `${PREFIX}image`, pageOrigins);
      previewFrame(app, `${PREFIX}preview`, pageOrigins);
      app.get(`${PREFIX}*`, { schema: { hide: true } }, send);
    },
  };
}

/** The page, which reads there what its button for signing in is called. */
function withSignIn(page: string, signIn: WebParts["signIn"]): string {
  if (!signIn) return page;
  const name = signIn.name.replaceAll(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return withHead(page, `<meta name="colloquy-sign-in" content="${name}">`);
}

const withHead = (page: string, more: string): string =>
  page.replace("</head>", () => `${more}</head>`);
