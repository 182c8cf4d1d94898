import { Resolver } from "node:dns/promises";
import { type BlockList, isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { isPublic } from "./addresses.ts";

/** The addresses that a name has now. @throws where it has none */
export type ResolveName = (name: string) => Promise<readonly string[]>;

/** A connection that was not made, because it would have led to where no public page is. */
export class InsideAddress extends Error {
  constructor() {
    super("The address leads inside");
    this.name = "InsideAddress";
  }
}

const CONNECT_TIMEOUT_MS = 5_000;
const DNS_TIMEOUT_MS = 2_000;
const DNS_TRIES = 2;

/**
 * The way out for every address that is not from the operator's own settings. What is checked is the address that is
 * connected to, each time that a connection is made: a name is looked up once for that, so that it cannot mean one address
 * to the check and another to the connection. A name is refused if any of its addresses leads inside.
 */
export function egressAgent({
  allowed,
  resolve = resolveName(),
}: {
  readonly allowed: BlockList;
  readonly resolve?: ResolveName | undefined;
}): Agent {
  const isAllowed = (address: string) => isPublic(address, allowed);
  const lookup: LookupFunction = (name, options, callback) => {
    resolve(name).then(
      (addresses) => {
        const refused = addresses.length === 0 || !addresses.every(isAllowed);
        if (refused) return callback(new InsideAddress(), "", 0);
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first] = found;
        if (options.all) callback(null, found);
        else callback(null, first?.address ?? "", first?.family ?? 0);
      },
      (error: Error) => callback(error, "", 0),
    );
  };
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, allowH2: false, lookup });
  return new Agent({
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(options, callback) {
      const host = options.hostname.replace(/^\[|\]$/gu, "");
      // Addresses are not looked up.
      if (isIP(host) !== 0 && !isAllowed(host)) return callback(new InsideAddress(), null);
      connect(options, (error, socket) => {
        if (!socket) return callback(error ?? new Error("no connection"), null);
        if (isAllowed(socket.remoteAddress ?? "")) return callback(null, socket);
        socket.destroy();
        callback(new InsideAddress(), null);
      });
    },
  });
}

/** As the name servers of the machine say, and not its files: no name that only this machine knows is a public one. */
function resolveName(): ResolveName {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
  return async (name) => {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    const [failed] = found.flatMap((one) => (one.status === "rejected" ? one.reason : []));
    if (addresses.length === 0) throw failed ?? new Error(`${name} has no address`);
    return addresses;
  };
}
