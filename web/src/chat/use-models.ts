import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/session.tsx";

const FRESH_MS = 60_000;

/** What the server's providers offer. */
export function useModels() {
  const { client } = useSession();
  return useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => client.models.list({ signal }),
    staleTime: FRESH_MS,
  });
}
