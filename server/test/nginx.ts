// Debian's nginx with a configuration of a test's choice.
import { readFileSync } from "node:fs";
import { replaceLines, skipWithout, startProxyProgram } from "./proxy-process.ts";

const RECIPE = new URL("../../deploy/nginx.conf", import.meta.url);
const NGINX = {
  name: "nginx",
  debianPackage: "nginx-light",
  argumentsFor: (home: string, file: string) => ["-p", home, "-c", file, "-e", "stderr"],
};

export const skipWithoutNginx = (): string | false => skipWithout(NGINX);

/** What is deployed, with other servers and its port on this machine alone. */
export const recipeFor = (port: number, servers: readonly number[]): string =>
  replaceLines("nginx.conf", readFileSync(RECIPE, "utf8"), [
    [/^ {2}listen 80;$/m, `  listen 127.0.0.1:${port};`],
    [/^ {2}listen \[::\]:80;$/m, ""],
    [
      /^ {2}server 127\.0\.0\.1:8000;$/m,
      servers.map((server) => `  server 127.0.0.1:${server};`).join("\n"),
    ],
  ]);

/** @param locations what stands in its `server` block, besides the port */
export const startNginx = (locations: string) =>
  startNginxWith((port) => `server { listen 127.0.0.1:${port};\n${locations}\n}`);

/** @param blocks what stands in its `http` block, for the port that it is to listen on */
export const startNginxWith = (blocks: (port: number) => string) =>
  startProxyProgram({
    ...NGINX,
    configuration(port, home) {
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `  ${name}_temp_path ${home}/${name};`)
        .join("\n");
      return (
        `daemon off;\nmaster_process off;\npid ${home}/nginx.pid;\nerror_log stderr warn;\n` +
        `events { worker_connections 1024; }\nhttp {\n  access_log off;\n${temporary}\n${blocks(port)}\n}\n`
      );
    },
  });
