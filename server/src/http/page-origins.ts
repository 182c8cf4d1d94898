import type { ConnectionFacts } from "../domain/access.ts";

export type OriginOptions = {
  /** Whether pages of this machine are let in at any port, as its programs are. */
  readonly welcomesLocalPages: () => Promise<boolean>;
  /** Told of an origin whose pages were refused; it is as the browser sent it. */
  onRefusedOrigin(origin: string): void;
};

/**
 * Whether a page of that origin may talk to us. Whose program carries its requests is for the one
 * function to find out that decides about access.
 */
export async function mayRead(
  { origin, peerIsLoopback, hostIsLocal, forwardedBy }: ConnectionFacts,
  { welcomesLocalPages }: OriginOptions,
): Promise<boolean> {
  if (origin !== "local") return origin !== "foreign";
  return peerIsLoopback && hostIsLocal && forwardedBy === null && (await welcomesLocalPages());
}

const MAX_TOLD = 100;

/** Tells of each origin once, and of a hundred at most: what a browser calls itself is for anybody to choose. */
export function tellOnce(tell: (origin: string) => void): (origin: string) => void {
  const told = new Set<string>();
  return (origin) => {
    if (told.has(origin) || told.size >= MAX_TOLD) return;
    told.add(origin);
    tell(origin);
  };
}
