import type { Config } from "../../config/config.ts";
import { COMMAND } from "../../domain/command.ts";
import type { ApiKey } from "../../domain/key.ts";
import { counted, OPEN_IN_WORDS } from "../wording.ts";
import { type Finding, failure, fine, warning } from "./finding.ts";
import { isLoopbackHost } from "./settings.ts";
import type { StoredAccess } from "./store.ts";

const CHECK = "access";
const MAKE_A_KEY = `${COMMAND} keys create --name me`;

/** Only Linux reports the user of the program at the other end of a connection. */
const WHOSE_PROXY =
  process.platform === "linux" ? "the server's own user or root" : "any of its users";

const openMode = ({ anonymous }: Config): Finding[] =>
  anonymous === "open"
    ? [
        warning(
          "AUTH_ANONYMOUS",
          OPEN_IN_WORDS,
          "unset AUTH_ANONYMOUS where not everybody who reaches the server is trusted",
        ),
      ]
    : [];

/** Who is served where no key is good. */
function withoutKeys(config: Config, keys: readonly ApiKey[]): Finding {
  const what = keys.length === 0 ? "no key was ever made" : "every key is revoked";
  if (config.signIn) return fine(CHECK, `by the provider of AUTH_JWT_ISSUER: ${what}`);
  if (config.anonymous === "loopback")
    return warning(CHECK, `${what}: only programs of this machine are served`, MAKE_A_KEY);
  const remedy = `${MAKE_A_KEY} --operator`;
  return keys.length === 0
    ? warning(CHECK, `${what}, so only those are served who accepted an invitation`, remedy)
    : failure(CHECK, `${what}, so nobody is served`, remedy);
}

/** Checks who is served and who is not. */
export function checkAccess(config: Config, { isClaimed, keys }: StoredAccess): Finding[] {
  const open = openMode(config);
  const isForOthers = config.publicOrigin !== null || config.trustedProxies.length > 0;
  if (!isClaimed && !config.signIn) {
    const served =
      "no key was ever made: programs of this machine are served without one, and nobody else is";
    if (isForOthers)
      return [
        ...open,
        warning(CHECK, `${served}, though PUBLIC_URL or TRUST_PROXY is set`, MAKE_A_KEY),
      ];
    return [
      ...open,
      warning(
        CHECK,
        `${served}; but a proxy or tunnel on this machine that runs as ${WHOSE_PROXY} and hides itself lets everybody in who reaches it${isLoopbackHost(config.host) ? "" : ` (HOST=${config.host} also listens to other machines, to tell them how to make a key)`}`,
        MAKE_A_KEY,
      ),
    ];
  }
  const working = keys.filter(({ revokedAt }) => !revokedAt);
  const operators = working.filter(({ isOperator }) => isOperator);
  const found: Finding[] = [...open];
  if (working.length === 0) found.push(withoutKeys(config, keys));
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
        `${COMMAND} keys create --operator`,
      ),
    );
  if (config.anonymous === "loopback")
    found.push(
      isForOthers
        ? warning(
            "AUTH_ANONYMOUS",
            `programs of this machine need no key; a proxy on this machine that runs as ${WHOSE_PROXY} and adds no X-Forwarded-For is such a program, and lets everybody in`,
            "unset AUTH_ANONYMOUS, or make sure of that header",
          )
        : warning(
            "AUTH_ANONYMOUS",
            `no program of this machine that runs as ${WHOSE_PROXY} needs a key, and each may speak for every user`,
            "unset AUTH_ANONYMOUS if programs run there that you do not trust",
          ),
    );
  return found;
}
