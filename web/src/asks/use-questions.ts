import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/session.tsx";

export const questionsKey = ["questions"] as const;
/** As many as are shown. */
export const MAX_QUESTIONS = 100;
/** As often as the list of conversations. */
const POLL_MS = 20_000;

/** The person's open questions, oldest first. */
export function useQuestions() {
  const { client } = useSession();
  return useQuery({
    queryKey: questionsKey,
    queryFn: ({ signal }) => client.questions.list({ limit: MAX_QUESTIONS }, { signal }),
    refetchOnWindowFocus: "always",
    refetchInterval: POLL_MS,
  });
}
