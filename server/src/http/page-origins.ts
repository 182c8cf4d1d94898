import type { ConnectionFacts } from "../domain/access.ts";

export type OriginOptions = {
  /** Whether pages of this machine are admitted at any port, as its programs are. */
  readonly welcomesLocalPages: () => Promise<boolean>;
  /** Told of an origin whose pages were refused; it is as the browser sent it. */
  onRefusedOrigin(origin: string): void;
};

/**
 * Whether a page of that origin may talk to us. Which program carries the page's requests is decided by the
 * one function that decides about access.
 */
export async function mayRead(
  { origin, peerIsLoopback, hostIsLocal, forwardedBy }: ConnectionFacts,
  { welcomesLocalPages }: OriginOptions,
): Promise<boolean> {
  if (origin !== "local") return origin !== "foreign";
  return peerIsLoopback && hostIsLocal && forwardedBy === null && (await welcomesLocalPages());
}

const MAX_TOLD = 100;

/** Reports each origin once, and a hundred at most, because anybody can send any origin. */
export function tellOnce(tell: (origin: string) => void): (origin: string) => void {
  const told = new Set<string>();
  return (origin) => {
    if (told.has(origin) || told.size >= MAX_TOLD) return;
    told.add(origin);
    tell(origin);
  };
}
