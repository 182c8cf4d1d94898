const NUMBERS = new Intl.NumberFormat("en");

/** `1 message`, `2,000 messages`, `3 memories`. */
export const counted = (amount: number, noun: string): string =>
  `${NUMBERS.format(amount)} ${amount === 1 ? noun : `${noun.replace(/(?<![aeiou])y$/u, "ie")}s`}`;

/** `a`, `a and b`, `a, b and c`. */
export const listed = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** `1.5 GB` */
export function bytesInWords(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${amount < 10 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}

/** `2026-01-31 12:00` (UTC) */
export const minuteOf = (time: Date): string => time.toISOString().slice(0, 16).replace("T", " ");

/** Text of others on one line of a terminal: what would move the cursor or end the line is shown as �. */
export const onOneLine = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "\u{fffd}");

const FILE_PROBLEMS: Record<string, string> = {
  ENOENT: "does not exist",
  ENOTDIR: "lies in something that is not a folder",
  EISDIR: "is a folder",
  EEXIST: "exists already",
  EACCES: "may not be used by this user",
  EPERM: "may not be used by this user",
  EROFS: "is on a disk that cannot be written",
  ENOSPC: "has no room left on its disk",
  ENAMETOOLONG: "has too long a name",
};

/** The failure of the operating system in words, where there are some for it. */
export function fileProblem(error: unknown, path: string): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const problem = FILE_PROBLEMS[code];
  if (problem) return new Error(`${path} ${problem}.`);
  return error instanceof Error ? error : new Error(String(error));
}

/** `chat.example.org, valid until 2027-01-31 12:00` */
export const certificateInWords = (certificate: {
  readonly names: string;
  readonly validTo: Date;
}): string => `${onOneLine(certificate.names)}, valid until ${minuteOf(certificate.validTo)}`;

/** What AUTH_ANONYMOUS=open means. */
export const OPEN_IN_WORDS =
  "AUTH_ANONYMOUS=open: whoever reaches this server may chat without a key on the wires 000 to 003, as any user whom they can name, and read and delete what that user has, unless a key was made for that user";
