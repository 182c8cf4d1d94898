import { createContext, type ReactNode, useContext, useMemo, useState } from "react";

/** The windows that can be opened from anywhere. */
export type WindowName = "shortcuts" | "import" | "palette";

export type Windows = {
  readonly shown: WindowName | null;
  open(name: WindowName): void;
  close(): void;
};

const WindowsContext = createContext<Windows | null>(null);

export function useWindows(): Windows {
  const windows = useContext(WindowsContext);
  if (!windows) throw new Error("useWindows is for what stands inside WindowsProvider");
  return windows;
}

export function WindowsProvider({ children }: { readonly children: ReactNode }) {
  const [shown, setShown] = useState<WindowName | null>(null);
  const windows = useMemo<Windows>(
    () => ({ shown, open: setShown, close: () => setShown(null) }),
    [shown],
  );
  return <WindowsContext.Provider value={windows}>{children}</WindowsContext.Provider>;
}
