import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig, loadEnv, type Plugin } from "vite";
import { mistakesIn, SETTING_PREFIXES } from "./settings-check.ts";

const COMPRESSED = /\.(?:js|css|html|svg|json)$/;
const MIN_BYTES = 1024;
/** What everybody waits for is worth two seconds of the build: the best quality takes ten times as long as the usual one. */
const FIRST_LOAD = /^first-.*\.(?:js|css)$/;
const USUAL_QUALITY = 9;

/** Writes each text file once more in Brotli and in gzip, so that the server compresses nothing while it runs. */
function precompress(): Plugin {
  let directory = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved: (config) => {
      directory = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || !COMPRESSED.test(entry.name)) continue;
        const content = readFileSync(path);
        if (content.length < MIN_BYTES) continue;
        const quality = FIRST_LOAD.test(entry.name) ? constants.BROTLI_MAX_QUALITY : USUAL_QUALITY;
        const params = {
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
          [constants.BROTLI_PARAM_QUALITY]: quality,
          [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        };
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

/** The font that most of the page is set in is asked for at once, not only when its style has been read. */
function preloadTextFont(): Plugin {
  return {
    name: "preload-text-font",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (_, { bundle = {} }) =>
        Object.keys(bundle)
          .filter((file) => /hanken-grotesk.*-normal.*\.woff2$/.test(file))
          .map((file) => ({
            tag: "link",
            attrs: {
              rel: "preload",
              as: "font",
              type: "font/woff2",
              crossorigin: "",
              href: `./${file}`,
            },
            injectTo: "head" as const,
          })),
    },
  };
}

/** A setting that cannot work stops the build, by its name. */
function checkSettings(): Plugin {
  return {
    name: "check-settings",
    config(_, { mode }) {
      const mistakes = mistakesIn(loadEnv(mode, import.meta.dirname, [...SETTING_PREFIXES]));
      if (mistakes.length) throw new Error(mistakes.join("\n"));
    },
  };
}

type Graph = {
  getModuleInfo(
    id: string,
  ): { readonly isEntry: boolean; readonly importers: readonly string[] } | null;
};

/** Whether a module comes with the first load: whether imports that are not `import()` lead to it from the entry. */
function isFirst(id: string, graph: Graph, seen = new Set<string>()): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  const found = graph.getModuleInfo(id);
  if (found?.isEntry) return true;
  return found?.importers.some((importer) => isFirst(importer, graph, seen)) ?? false;
}

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  // Relative: the page finds out under which path it is served (src/settings.ts).
  base: command === "build" ? "./" : "/app/",
  // Packages that have a form for workers, which know no document: all that format texts run in one.
  resolve: { conditions: ["worker", ...defaultClientConditions] },
  envPrefix: [...SETTING_PREFIXES],
  plugins: [checkSettings(), react(), preloadTextFont(), precompress()],
  build: {
    target: "es2022",
    // The first browsers that know :dir(). For older ones it would be made of :lang(), which is not the direction of a text.
    cssTarget: ["chrome120", "firefox117", "safari16.4"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: true,
    chunkSizeWarningLimit: 700,
    // What the first load is made of compresses better in one piece than in thirty.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: (id, graph) => (isFirst(id, graph) ? "first" : null) }],
        },
      },
    },
  },
  // What an AudioWorklet loads is a module.
  worker: { format: "es" },
  server: {
    proxy: {
      "/app/image": "http://localhost:8000",
      "/v1": "http://localhost:8000",
      "/health": "http://localhost:8000",
      "/metrics": "http://localhost:8000",
      "/ws": { target: "ws://localhost:8000", ws: true },
    },
  },
}));
