import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type ConversationList, listKey } from "../conversations/list-cache.ts";
import { useAgents } from "./use-agents.ts";

/** All agents, those of the latest conversations first. */
export function useRecentAgents() {
  const { data: agents = [] } = useAgents();
  // The list itself loads it.
  const { data: list } = useQuery<ConversationList>({ queryKey: listKey, enabled: false });
  return useMemo(() => {
    const used = (list?.items ?? []).map(({ agent_id }) => agent_id);
    const placeOf = (id: string) => {
      const place = used.indexOf(id);
      return place < 0 ? used.length : place;
    };
    return [...agents].sort((one, other) => placeOf(one.id) - placeOf(other.id));
  }, [agents, list]);
}
