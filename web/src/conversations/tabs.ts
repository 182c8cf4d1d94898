import type { Account } from "@colloquy/client";
import { personOf } from "../session/user-data.ts";

/** What the tabs of one user tell each other. */
export type TabNews =
  /** A message was sent, or a reply ended, in that conversation. */
  | { readonly type: "turn"; readonly conversationId: string }
  /** The list is another: a title, a pin, a deletion, an import. */
  | { readonly type: "list" }
  /** A call of a tool waits for a decision, or waits no more. */
  | { readonly type: "questions" };

/** The user's other tabs of this browser. */
export function openTabs(account: Account, onNews: (news: TabNews) => void) {
  const channel = new BroadcastChannel(`colloquy.${personOf(account)}`);
  channel.onmessage = ({ data }: MessageEvent<TabNews>) => onNews(data);
  return {
    tell: (news: TabNews) => channel.postMessage(news),
    close: () => channel.close(),
  };
}
