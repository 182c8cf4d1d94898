/**
 * What ids of these wires begin with. An id holds the UUID of what is stored as 32 hex digits, so that nothing has to be
 * looked up, and the same thing has the same id everywhere.
 */
export type IdPrefix =
  | "chatcmpl-"
  | "cmp_"
  | "conv_"
  | "ek_"
  | "event_"
  | "fc_"
  | "fco_"
  | "item_"
  | "mcp_"
  | "mcpl_"
  | "mcpr_"
  | "msg_"
  | "resp_"
  | "rs_"
  | "sess_";

/** @param uuid in lower case */
export const idOf = (prefix: IdPrefix, uuid: string): string => prefix + uuid.replaceAll("-", "");

const HEX = /^[0-9a-f]{32}$/;

/** The UUID in such an id; null for every other text. */
export function uuidIn(prefix: IdPrefix, id: string): string | null {
  const hex = id.slice(prefix.length);
  if (!id.startsWith(prefix) || !HEX.test(hex)) return null;
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
