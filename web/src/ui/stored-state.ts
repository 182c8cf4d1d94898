import { useCallback, useState } from "react";

/** A choice that this browser keeps. */
export function useStoredState(name: string, initial: string | null = null) {
  const key = `colloquy.${name}`;
  const [value, setValue] = useState<string | null>(() => localStorage.getItem(key) ?? initial);
  const store = useCallback(
    (next: string | null) => {
      if (next === null) localStorage.removeItem(key);
      else localStorage.setItem(key, next);
      setValue(next);
    },
    [key],
  );
  return [value, store] as const;
}
