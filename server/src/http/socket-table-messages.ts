/** The files of Linux's list of sockets, and how many bytes an address has in each of their rows. */
export const TABLE_FILES = [
  { name: "tcp", bytes: 4 },
  { name: "tcp6", bytes: 16 },
] as const;

/** The two ends of a socket as the rows of each of TABLE_FILES have them; null: the address cannot be in that file. */
export type SocketKeys = readonly (string | null)[];

/** The question to the thread: which user holds each of these sockets? */
export type SocketQuestion = { readonly folder: string; readonly keys: readonly SocketKeys[] };

/** The user id for each of the keys, in their order; null: no program holds such a socket. */
export type SocketOwners =
  | { readonly userIds: readonly (number | null)[] }
  | { readonly problem: string };

/** The length of a key, for an address of that many bytes. */
export const keyCharacters = (bytes: number): number => 2 * (2 * bytes + ":FFFF".length) + 1;
