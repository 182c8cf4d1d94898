import type { Prompt } from "@colloquy/client";
import { useQuery } from "@tanstack/react-query";
import i18next from "i18next";
import { useSession } from "../session/session.tsx";

export const promptsKey = ["prompts"] as const;

/** The person's prompts by name; `isWanted` false: they are not asked for yet. */
export function usePrompts(isWanted = true) {
  const { client } = useSession();
  return useQuery({
    queryKey: promptsKey,
    queryFn: ({ signal }) => client.prompts.list({ signal }),
    enabled: isWanted,
    refetchOnWindowFocus: "always",
    select: byName,
  });
}

function byName(prompts: Prompt[]): Prompt[] {
  const { compare } = new Intl.Collator(i18next.language, { numeric: true });
  return prompts.toSorted((one, other) => compare(one.name, other.name));
}
