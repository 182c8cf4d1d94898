import { useEffect, useRef, useState } from "react";
import { type LiveReply, newKey, type StoredQuestion } from "../chat/live/live-reply.ts";
import { tellNotShown } from "../not-shown.tsx";
import { useSession } from "../session/session.tsx";
import { useWorkspace } from "../workspace.tsx";
import { type Comparison, keepComparison, readComparison } from "./comparison.ts";
import type { FollowedSecond, SecondReply } from "./second-reply.ts";

export type Compared = ReturnType<typeof useComparison>;

const RUNNING: ReadonlySet<LiveReply["phase"]> = new Set(["sending", "replying"]);

type Kept = {
  readonly conversationId: string | null;
  readonly comparison: Comparison | null;
  /** The model that the next question is asked to, too. */
  readonly wanted: string | null;
};

/**
 * Whether the next question is asked to a second model, too, and the two answers to the last one for which it was.
 * @param answering the model that answers in this conversation; null: not known yet
 */
export function useComparison(conversationId: string | null, answering: string | null) {
  const { client, account } = useSession();
  const { thread, list, tell } = useWorkspace();
  const load = (): Kept => ({
    conversationId,
    comparison: readComparison(account, conversationId),
    wanted: null,
  });
  const [kept, setKept] = useState(load);
  const isKnown = kept.conversationId === conversationId;
  if (!isKnown) setKept(load());
  const comparison = isKnown ? kept.comparison : null;
  const wanted = isKnown && kept.wanted !== answering ? kept.wanted : null;

  const want = (model: string | null) => setKept((now) => ({ ...now, wanted: model }));
  const keep = (place: string, next: Comparison | null) => {
    keepComparison(account, place, next);
    setKept((now) => (now.conversationId === place ? { ...now, comparison: next } : now));
  };
  const current = useRef({ keep, tell });
  current.current = { keep, tell };

  const key = comparison?.key;
  const [second, setSecond] = useState<{ key: string; reply: SecondReply } | null>(null);
  const followed = useRef<FollowedSecond | null>(null);
  useEffect(() => {
    const asked = readComparison(account, conversationId);
    if (!conversationId || !key || !asked) return;
    // Before the thread is loaded: the branch of the second answer may be the active one.
    if (thread.chosenBranch(conversationId) === undefined)
      thread.stayOn(conversationId, asked.branch);
    let isLeft = false;
    import("./second-reply.ts").then(
      ({ followSecond }) => {
        if (isLeft) return;
        followed.current = followSecond({
          client,
          conversationId,
          comparison: asked,
          onBranch(otherBranch) {
            current.current.keep(conversationId, { ...asked, otherBranch });
            // This branch has just become the active one, and the page promises that the first answer is continued.
            thread.keep(conversationId, asked.branch).then(
              (kept) => kept && list.put(kept),
              () => {},
            );
          },
          onChange: (reply) => setSecond({ key, reply }),
          onTurn: () => current.current.tell({ type: "turn", conversationId }),
          onGone: () => current.current.keep(conversationId, null),
        });
      },
      () => {
        tellNotShown();
        current.current.keep(conversationId, null);
      },
    );
    return () => {
      isLeft = true;
      followed.current?.close();
      followed.current = null;
    };
  }, [conversationId, key, client, account, thread, list]);

  const reply = second?.key === key ? (second?.reply ?? null) : null;
  const isHere =
    comparison !== null &&
    conversationId !== null &&
    thread.chosenBranch(conversationId) === comparison.branch;

  return {
    wanted,
    want,

    /** What is shown side by side; null: nothing. */
    comparison: isHere ? comparison : null,
    /** The second answer; null: nothing is known of it yet. */
    reply,
    isRunning: isHere && (reply === null || (reply.live !== null && RUNNING.has(reply.live.phase))),
    stop: () => void followed.current?.stop(),
    again: () => followed.current?.again(),

    /** For a question that is sent now; null: nothing is to be compared. */
    begins:
      wanted === null || answering === null
        ? null
        : ({ conversationId: place, questionId, branch }: StoredQuestion) => {
            want(null);
            if (questionId === null) return;
            thread.stayOn(place, branch);
            const models = [answering, wanted] as const;
            keep(place, { questionId, branch, models, key: newKey(), otherBranch: null });
          },

    /** Both answers stay, as versions. */
    leave(): void {
      if (conversationId && comparison) keep(conversationId, null);
    },
  };
}
