import type { Config } from "../../config/config.ts";
import { type Finding, fine, warning } from "./finding.ts";

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** Warns of settings that are allowed but risky. */
export function checkSettings(config: Config): Finding[] {
  const found = [fine("settings", "each of them is usable")];
  const warn = (check: string, message: string, remedy: string) =>
    found.push(warning(check, message, remedy));
  if (config.corsOrigins.includes("*"))
    warn(
      "CORS_ORIGINS",
      "with '*', pages of every web site may talk to this server from their visitors' browsers",
      "list the origins of your own pages instead",
    );
  if (config.isDebug)
    warn(
      "DEBUG",
      "is on: the log is long, and tells more of what goes on",
      "unset DEBUG where others use this server",
    );
  if (config.limits === null)
    warn(
      "RATE_LIMITS",
      "is off: one client can keep the server and the model busy for everybody",
      "unset it, or give numbers of your own",
    );
  if (
    config.publicOrigin?.startsWith("http://") &&
    !LOOPBACK_HOSTS.has(new URL(config.publicOrigin).hostname)
  )
    warn(
      "PUBLIC_URL",
      "begins with http://, so keys and conversations cross the network unencrypted",
      "put a proxy with a certificate before it, or set TLS_CERT and TLS_KEY, and write https://",
    );
  if (config.trustedProxies.some((proxy) => /\/0$/.test(proxy)))
    warn(
      "TRUST_PROXY",
      "trusts every address: any client may claim to be any other",
      "list the addresses of your proxies alone",
    );
  if (config.redisUrl && !config.isFileFolderShared)
    warn(
      "FILES_SHARED",
      "is not set, so these servers take no files: each of them would keep its own",
      "put DATA_DIR on a volume that all of them share, and set FILES_SHARED=true",
    );
  return found;
}

export const isLoopbackHost = (host: string): boolean => LOOPBACK_HOSTS.has(host);
