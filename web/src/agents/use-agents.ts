import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/session.tsx";

export const agentsKey = ["agents"] as const;

export function useAgents() {
  const { client } = useSession();
  return useQuery({
    queryKey: agentsKey,
    queryFn: ({ signal }) => client.agents.list({ signal }),
    refetchOnWindowFocus: "always",
  });
}
