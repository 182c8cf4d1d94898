import type { ThreadCache } from "../thread-cache.ts";
import { type Lines, type Running, unsentOf } from "./lines.ts";
import { NEW } from "./live-reply.ts";

export const isUnsent = ({ snapshot: { phase } }: Pick<Running, "snapshot">): boolean =>
  phase === "sending" || phase === "not_sent";

/**
 * Hands over what has not reached the server when the page is left.
 * @param onUnsent given the conversation's id, or NEW, and the words; gives what takes them back
 */
export function keepUnsent(
  lines: Pick<Lines, "all">,
  cache: ThreadCache,
  onUnsent: (key: string, text: string) => () => void,
) {
  /** Whether words would be lost with it that are nowhere on the server. */
  const isLoss = ({ key, snapshot }: Running): boolean => {
    const { asked, replaces } = snapshot;
    const replaced = cache.read(key)?.messages.find(({ id }) => id === replaces);
    return isUnsent({ snapshot }) && asked !== (replaced?.content ?? null);
  };
  const giveBack = (): (() => void)[] =>
    lines.all().flatMap((line) => {
      const unsent = unsentOf(line.filter(isLoss));
      return unsent ? onUnsent(line[0]?.key ?? NEW, unsent.text) : [];
    });
  // A page that is left may never come back, or come back as it was, with its messages still on their way.
  let takeBack: (() => void)[] = [];
  const onHide = () => {
    takeBack = giveBack();
  };
  const onShow = () => {
    for (const take of takeBack.splice(0)) take();
  };
  addEventListener("pagehide", onHide);
  addEventListener("pageshow", onShow);
  return {
    isLoss,
    close(): void {
      removeEventListener("pagehide", onHide);
      removeEventListener("pageshow", onShow);
      giveBack();
    },
  };
}
