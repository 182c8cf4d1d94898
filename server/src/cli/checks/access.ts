import type { Config } from "../../config.ts";
import { counted } from "../wording.ts";
import { type Finding, failure, fine, warning } from "./finding.ts";
import { isLoopbackHost } from "./settings.ts";
import type { StoredAccess } from "./store.ts";

const CHECK = "access";
const MAKE_A_KEY = "colloquy keys create --name me";

/** Who is served, and who is not. */
export function checkAccess(config: Config, { isClaimed, keys }: StoredAccess): Finding[] {
  const isForOthers = config.publicOrigin !== null || config.trustedProxies.length > 0;
  if (!isClaimed) {
    const served =
      "no key was ever made: programs of this machine are served without one, and nobody else is";
    if (isForOthers)
      return [warning(CHECK, `${served}, though PUBLIC_URL or TRUST_PROXY is set`, MAKE_A_KEY)];
    if (isLoopbackHost(config.host))
      return [fine(CHECK, `${served} (HOST=${config.host} is not reached from outside)`)];
    return [
      fine(
        CHECK,
        `${served} (HOST=${config.host} listens to other machines, to tell them so); '${MAKE_A_KEY}' opens it to them`,
      ),
    ];
  }
  const working = keys.filter(({ revokedAt }) => !revokedAt);
  const operators = working.filter(({ isOperator }) => isOperator);
  const found: Finding[] = [];
  if (working.length === 0)
    found.push(
      config.anonymousLoopback
        ? warning(
            CHECK,
            "every key is revoked: only programs of this machine are served",
            MAKE_A_KEY,
          )
        : failure(CHECK, "every key is revoked, so nobody is served", `${MAKE_A_KEY} --operator`),
    );
  else
    found.push(
      fine(
        CHECK,
        `by key: ${counted(working.length, "working key")}, ${operators.length} of them an operator's; ${keys.length - working.length} revoked`,
      ),
    );
  if (working.length > 0 && operators.length === 0)
    found.push(
      warning(
        CHECK,
        "no key is an operator's, so /metrics cannot be read",
        "colloquy keys create --operator",
      ),
    );
  if (config.anonymousLoopback)
    found.push(
      isForOthers
        ? warning(
            "AUTH_ANONYMOUS",
            "programs of this machine need no key; a proxy on this machine that adds no X-Forwarded-For is such a program, and lets everybody in",
            "unset AUTH_ANONYMOUS, or make sure of that header",
          )
        : warning(
            "AUTH_ANONYMOUS",
            "every program and user of this machine needs no key, and may speak for every user",
            "unset AUTH_ANONYMOUS if others use this machine",
          ),
    );
  return found;
}
