import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { NARROW, useMedia } from "./use-media.ts";

export type SidebarState = {
  readonly isOpen: boolean;
  /** It lies over the page, which waits behind it. */
  readonly isOver: boolean;
  open(): void;
  close(): void;
  /** Where it lies over the page: something was chosen in it. */
  done(): void;
};

const SidebarContext = createContext<SidebarState | null>(null);

export function useSidebar(): SidebarState {
  const state = useContext(SidebarContext);
  if (!state) throw new Error("useSidebar is for what stands inside SidebarStateProvider");
  return state;
}

export function SidebarStateProvider({ children }: { readonly children: ReactNode }) {
  const isOver = useMedia(NARROW);
  const [isOpenBeside, setOpenBeside] = useState(true);
  const [isOpenOver, setOpenOver] = useState(false);
  const [location] = useLocation();
  const [openedAt, setOpenedAt] = useState(location);
  // Whatever led to another page, the sidebar does not lie over that.
  if (openedAt !== location) {
    setOpenedAt(location);
    setOpenOver(false);
  }
  const state = useMemo<SidebarState>(() => {
    const set = isOver ? setOpenOver : setOpenBeside;
    return {
      isOver,
      isOpen: isOver ? isOpenOver : isOpenBeside,
      open: () => set(true),
      close: () => set(false),
      done: () => setOpenOver(false),
    };
  }, [isOver, isOpenBeside, isOpenOver]);
  return <SidebarContext.Provider value={state}>{children}</SidebarContext.Provider>;
}
