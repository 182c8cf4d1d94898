/** As document 003 names them, beside Vite's own: for a page that is served elsewhere. */
export const SETTING_PREFIXES = ["VITE_", "NEXT_PUBLIC_"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with the settings of the page (src/settings.ts), by their names. */
export function mistakesIn(environment: Environment): string[] {
  const mistakes: string[] = [];
  const check = (name: string, isGood: (value: string) => boolean, wanted: string) => {
    const value = environment[name];
    if (value && !isGood(value)) mistakes.push(`${name} must be ${wanted}, not '${value}'`);
  };
  const isUrl = (protocols: readonly string[]) => (value: string) => {
    const url = URL.parse(value);
    return url !== null && protocols.includes(url.protocol) && !url.search && !url.hash;
  };
  const server = isUrl(["http:", "https:"]);
  check("VITE_API_BASE_URL", server, "the server's address, as in https://chat.example.com");
  check("NEXT_PUBLIC_API_URL", server, "the server's address, as in https://chat.example.com");
  check(
    "NEXT_PUBLIC_WS_URL",
    isUrl(["ws:", "wss:"]),
    "the voice socket's address, as in wss://chat.example.com/ws",
  );
  check(
    "NEXT_PUBLIC_SAMPLE_RATE",
    (value) => /^\d{4,6}$/.test(value) && Number(value) >= 8000 && Number(value) <= 192_000,
    "a number of Hz from 8000 to 192000",
  );
  check("NEXT_PUBLIC_DEBUG", (value) => ["true", "false"].includes(value), "true or false");
  return mistakes;
}
