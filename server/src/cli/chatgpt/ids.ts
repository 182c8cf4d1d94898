import { hash } from "node:crypto";
import type { Owner } from "../../domain/principal.ts";

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The id that the export gives, where it can be one of ours. */
export const keptId = (sourceId: string): string | null =>
  UUID.test(sourceId) ? sourceId.toLowerCase() : null;

/** An id of that owner's own, always the same for the same names: a UUID of version 8 (RFC 9562) from SHA-256. */
export function derivedId({ tenantId, userId }: Owner, ...names: readonly string[]): string {
  const digest = hash("sha256", JSON.stringify(["colloquy import", tenantId, userId, ...names]));
  const variant = ((Number.parseInt(digest.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
