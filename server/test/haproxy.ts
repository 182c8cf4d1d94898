// A real proxy before several servers: Debian's haproxy with the configuration that we deploy.
import { readFileSync } from "node:fs";
import { replaceLines, skipWithout, startProxyProgram } from "./proxy-process.ts";

const CONFIGURATION = new URL("../../deploy/haproxy.cfg", import.meta.url);
const HAPROXY = {
  name: "haproxy",
  debianPackage: "haproxy",
  argumentsFor: (_home: string, file: string) => ["-f", file],
};

export const skipWithoutHaproxy = (): string | false => skipWithout(HAPROXY);

export type ProxyOptions = {
  /** Says who the client is, as in production. Without it servers take the proxy for their client. */
  readonly forwards?: boolean;
};

/** What is deployed, with other servers and its port on this machine alone; each request goes to any of them. */
const configurationFor = (
  port: number,
  servers: readonly number[],
  { forwards = false }: ProxyOptions,
): string =>
  replaceLines("haproxy.cfg", readFileSync(CONFIGURATION, "utf8"), [
    [/^ {2}bind :8000$/m, `  bind 127.0.0.1:${port}`],
    [/^ {2}balance leastconn$/m, "  balance random(1)"],
    [
      /^ {2}server-template .*$/m,
      servers.map((server, index) => `  server replica${index} 127.0.0.1:${server}`).join("\n"),
    ],
    [/^resolvers docker[\s\S]*$/m, ""],
    ...(forwards
      ? []
      : ([
          [/^ {2}http-request set-header X-Forwarded-For.*$/m, ""],
          [/^ {2}http-request set-header X-Forwarded-Proto.*$/m, ""],
        ] as const)),
  ]);

/** @param servers the ports of the servers, whether they listen already or not */
export const startHaproxy = (servers: readonly number[], options: ProxyOptions = {}) =>
  startProxyProgram({
    ...HAPROXY,
    configuration: (port) => configurationFor(port, servers, options),
  });

/** One server behind what Debian's own configuration has, and no more. */
export const startBareHaproxy = (server: number) =>
  startProxyProgram({
    ...HAPROXY,
    configuration: (port) =>
      "defaults\n  mode http\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n" +
      `listen all\n  bind 127.0.0.1:${port}\n  server one 127.0.0.1:${server}\n`,
  });
