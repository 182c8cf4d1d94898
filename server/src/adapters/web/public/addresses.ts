import { BlockList, isIP } from "node:net";

/** Where no page of the public web is: this machine, networks behind routers, what clouds tell their machines, … */
const INSIDE_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Everything outside of it is local, reserved, or a way of writing an IPv4 address. */
const GLOBAL_IPV6 = "2000::/3";
/** Teredo and other protocols, documentation, 6to4. Public pages have other addresses. */
const INSIDE_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];
/** The first twelve bytes of addresses that hold an IPv4 address in their last four: mapped ones, and those of NAT64. */
const IPV4_INSIDE = ["0:0:0:0:0:ffff", "64:ff9b:0:0:0:0"];

const inside4 = listOf(INSIDE_IPV4);
const inside6 = listOf(INSIDE_IPV6);
const global6 = listOf([GLOBAL_IPV6]);

/** @param ranges in the notation of CIDR, or single addresses */
export function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const isVersion4 = isIP(address) === 4;
    const all = isVersion4 ? 32 : 128;
    list.addSubnet(address, bits === undefined ? all : Number(bits), isVersion4 ? "ipv4" : "ipv6");
  }
  return list;
}

/**
 * Whether an address is one of the public internet. An IPv6 address that stands for an IPv4 address is as public as
 * that one.
 * @param allowed what is public all the same, as the operator says
 */
export function isPublic(address: string, allowed: BlockList): boolean {
  const version = isIP(address);
  if (version === 4) return allowed.check(address) || !inside4.check(address);
  // A zone names an interface of this machine.
  if (version !== 6 || address.includes("%")) return false;
  const ipv4 = ipv4In(address);
  if (ipv4 !== null) return isPublic(ipv4, allowed);
  if (allowed.check(address, "ipv6")) return true;
  return global6.check(address, "ipv6") && !inside6.check(address, "ipv6");
}

/** Null: it is an address of IPv6 alone. */
function ipv4In(address: string): string | null {
  const groups = groupsOf(address);
  const first = groups.slice(0, 6).join(":");
  if (!IPV4_INSIDE.includes(first)) return null;
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** The eight groups of an IPv6 address, in the notation that an address of the web has. */
function groupsOf(address: string): readonly string[] {
  const written = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [before = "", after] = written.split("::");
  const first = before.split(":").filter(Boolean);
  if (after === undefined) return first;
  const last = after.split(":").filter(Boolean);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last];
}
