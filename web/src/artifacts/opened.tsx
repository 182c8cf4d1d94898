import { createContext, type ReactNode, useContext, useMemo, useState } from "react";

/** Which document is open beside the conversation. */
export type OpenedPlace = { readonly source: string; readonly place: number };

export type Opened = {
  readonly at: OpenedPlace | null;
  readonly open: (at: OpenedPlace) => void;
  readonly close: () => void;
};

const OpenedContext = createContext<Opened | null>(null);
const SourceContext = createContext<string | null>(null);

/** Null where nothing can be opened beside. */
export const useOpened = (): Opened | null => useContext(OpenedContext);

/** The id of the reply that one stands in; null: in none. */
export const useSource = (): string | null => useContext(SourceContext);

export const OpenedProvider = OpenedContext.Provider;

/** What is inside is the reply of that id. */
export const InReply = SourceContext.Provider;

/** What is inside opens nothing beside. */
export const Apart = ({ children }: { readonly children: ReactNode }) => (
  <OpenedContext.Provider value={null}>{children}</OpenedContext.Provider>
);

/** @param conversation with another one, nothing is open */
export function useOpening(conversation: string): Opened {
  const [opened, setOpened] = useState<{ conversation: string; at: OpenedPlace } | null>(null);
  const at = opened?.conversation === conversation ? opened.at : null;
  return useMemo(
    () => ({
      at,
      open: (place) => setOpened({ conversation, at: place }),
      close: () => setOpened(null),
    }),
    [at, conversation],
  );
}
