import { useQuery } from "@tanstack/react-query";
import { useSession } from "../../session/session.tsx";
import { partsKey } from "../thread-cache.ts";
import { type Call, callsIn } from "./steps-in.ts";

/**
 * A call with its arguments and its result, which are loaded where a list of messages left them out.
 * @param index its place among the calls of its reply
 * @param messageId the reply's; null: it runs, and nothing is left out
 * @param isWanted false: nothing is loaded yet
 */
export function useWholeCall(
  call: Call,
  { index, messageId, isWanted = true }: WholeCallOptions,
): { readonly whole: Call | undefined; readonly error: unknown; readonly refetch: () => void } {
  const { client } = useSession();
  const isLeftOut = messageId !== null && call.given === "";
  const { data, error, refetch } = useQuery({
    queryKey: partsKey(messageId ?? ""),
    queryFn: ({ signal }) => client.messages.get(messageId ?? "", { parts: true, signal }),
    enabled: isLeftOut && isWanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const whole = isLeftOut ? callsIn(data?.parts ?? [])[index] : call;
  return { whole, error, refetch: () => void refetch() };
}

export type WholeCallOptions = {
  readonly index: number;
  readonly messageId: string | null;
  readonly isWanted?: boolean;
};
