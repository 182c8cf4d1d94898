import type { Share } from "@colloquy/client";
import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/session.tsx";
import { APP_PATH } from "../settings.ts";

export const sharesKey = ["shares"] as const;

/** The address that a link is sent as. */
export const addressOf = ({ token }: Pick<Share, "token">): string =>
  `${location.origin}${APP_PATH}shared/${token}`;

/** The links of the user that work. */
export function useShares() {
  const { client } = useSession();
  return useQuery({
    queryKey: sharesKey,
    queryFn: ({ signal }) => client.shares.list({ signal }),
  });
}
