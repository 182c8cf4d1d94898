/** Numbers in the words of the page's language. */
export function formats(language: string) {
  const number = (digits: number) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: digits });
  const unit = (name: string, digits = 0) =>
    new Intl.NumberFormat(language, {
      style: "unit",
      unit: name,
      unitDisplay: "short",
      maximumFractionDigits: digits,
    });
  const percent = new Intl.NumberFormat(language, { style: "percent" });
  const list = new Intl.ListFormat(language, { style: "narrow", type: "unit" });
  return {
    count: (value: number) => number(0).format(value),
    rate: (value: number) => number(value < 10 ? 1 : 0).format(value),
    share: (value: number) => percent.format(value),
    megabytes: (bytes: number) => unit("megabyte").format(bytes / 1_000_000),
    /** Milliseconds below a second. */
    seconds: (value: number | null) => {
      if (value === null) return "–";
      return value < 1 ? unit("millisecond").format(value * 1000) : unit("second", 1).format(value);
    },
    /** The two largest units. */
    duration(milliseconds: number) {
      const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
      const parts = [
        [Math.floor(minutes / 1440), "day"],
        [Math.floor(minutes / 60) % 24, "hour"],
        [minutes % 60, "minute"],
      ] as const;
      const first = parts.findIndex(([value]) => value > 0);
      const shown = first < 0 ? parts.slice(2) : parts.slice(first, first + 2);
      return list.format(shown.map(([value, name]) => unit(name).format(value)));
    },
  };
}

export type Formats = ReturnType<typeof formats>;
