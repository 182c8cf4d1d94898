import type { Config } from "../../config/config.ts";
import { COMMAND } from "../../domain/command.ts";
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

/** Checks who is served and who is not. */
export function checkAccess(config: Config, { isClaimed, keys }: StoredAccess): Finding[] {
  const open = openMode(config);
  const isForOthers = config.publicOrigin !== null || config.trustedProxies.length > 0;
  if (!isClaimed) {
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
  if (working.length === 0)
    found.push(
      config.anonymous === "loopback"
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
