export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings by their names; every mistake is added to `mistakes`. */
export function reader(environment: Environment, mistakes: string[]) {
  const text = (name: string, fallback: string): string => environment[name]?.trim() || fallback;
  return {
    text,
    list: (name: string, fallback: string): string[] =>
      text(name, fallback)
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean),
    secret(name: string): string | null {
      const value = text(name, "");
      if (/[^\x21-\x7e]/.test(value))
        mistakes.push(`${name} has blanks or characters in it that no key has`);
      return value || null;
    },
    flag(name: string, fallback: boolean): boolean {
      const value = text(name, String(fallback)).toLowerCase();
      if (["true", "1", "yes", "on"].includes(value)) return true;
      if (!["false", "0", "no", "off"].includes(value))
        mistakes.push(`${name} must be true or false`);
      return false;
    },
    integer(name: string, fallback: number, least: number, most: number): number {
      const value = text(name, String(fallback));
      if (/^\d{1,12}$/.test(value) && Number(value) >= least && Number(value) <= most)
        return Number(value);
      mistakes.push(`${name} must be a whole number from ${least} to ${most}, not '${value}'`);
      return fallback;
    },
    url(name: string, protocols: readonly string[]): URL | null {
      const value = text(name, "");
      if (!value) return null;
      const url = URL.parse(value);
      if (url && protocols.includes(url.protocol)) return url;
      mistakes.push(
        `${name} must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
      );
      return null;
    },
  };
}

export type Reader = ReturnType<typeof reader>;
