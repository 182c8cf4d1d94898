import { ArrowDown } from "lucide-react";
import {
  lazy,
  type Ref,
  Suspense,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { Compared } from "../compare/use-comparison.ts";
import { NotShown } from "../not-shown.tsx";
import { Boundary } from "../ui/boundary.tsx";
import { Button } from "../ui/button.tsx";
import { useWorkspace } from "../workspace.tsx";
import type { ChatActions } from "./chat-actions.ts";
import { LiveRow, SendingRow } from "./live-rows.tsx";
import { MessageRow } from "./message-row.tsx";
import { PinnedQuestion } from "./pinned-question.tsx";
import { questionOf, type Row } from "./rows.ts";
import styles from "./thread.module.css";
import { useStickToEnd } from "./use-stick-to-end.ts";

const ComparedReplies = lazy(() => import("../compare/compared-replies.tsx"));

/** With no more than this, all of them stay in the page, so that the browser's own search finds everything. */
const ALWAYS_MOUNTED = 80;
const LOAD_OLDER_PIXELS = 800;

export type ThreadHandle = {
  /** Begins to edit that message, wherever in the conversation one looks. */
  edit(messageId: string): void;
};

type ThreadProps = {
  readonly conversationId: string | null;
  readonly rows: readonly Row[];
  readonly hasOlder: boolean;
  readonly actions: ChatActions;
  readonly compared: Compared;
  /** The message to open at, which a search has found. */
  readonly target: string | null;
  /** The branch that it was said on. */
  readonly targetBranch: number;
  readonly ref: Ref<ThreadHandle>;
};

/** The messages, one under the other, of which only those in view exist in the page. */
export function Thread({
  conversationId,
  rows,
  hasOlder,
  actions,
  compared,
  target,
  targetBranch,
  ref,
}: ThreadProps) {
  const { t } = useTranslation();
  const { thread: cache } = useWorkspace();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const virtualizer = useRef<VirtualizerHandle>(null);
  const { isAway, stick, unstick } = useStickToEnd(scroller, content);
  const [editing, setEditing] = useState<string | null>(null);

  // Whether rows came in front since the last rendering: then what is in view stays where it is.
  const firstKey = useRef<string | undefined>(undefined);
  const isPrepended =
    firstKey.current !== undefined &&
    rows[0]?.key !== firstKey.current &&
    rows.some(({ key }) => key === firstKey.current);
  useLayoutEffect(() => {
    firstKey.current = rows[0]?.key;
  }, [rows]);

  const isLoadingOlder = useRef(false);
  const question = useMemo(() => questionOf(rows), [rows]);
  const [isAbove, setAbove] = useState(false);
  const onScroll = (offset: number) => {
    const shown = virtualizer.current;
    setAbove(
      question !== null &&
        shown !== null &&
        shown.getItemOffset(question.index) + shown.getItemSize(question.index) < offset,
    );
    if (!conversationId || !hasOlder || offset > LOAD_OLDER_PIXELS || isLoadingOlder.current)
      return;
    isLoadingOlder.current = true;
    void cache.loadOlder(conversationId).finally(() => {
      isLoadingOlder.current = false;
    });
  };

  const sending = rows.findLast(
    (row) => row.kind === "sending" && row.live.phase === "sending",
  )?.key;
  useEffect(() => {
    if (sending) stick();
  }, [sending, stick]);

  const targetIndex = target ? rows.findIndex(({ key }) => key === target) : -1;
  const isAtTarget = useRef<string | null>(null);
  const isLoaded = rows.length > 0;
  useEffect(() => {
    if (!conversationId || !isLoaded || !target || isAtTarget.current === target) return;
    unstick();
    if (targetIndex < 0) {
      void cache.find(conversationId, target, targetBranch);
      return;
    }
    isAtTarget.current = target;
    virtualizer.current?.scrollToIndex(targetIndex, { align: "center" });
  }, [conversationId, isLoaded, target, targetBranch, targetIndex, cache, unstick]);

  useImperativeHandle(
    ref,
    () => ({
      edit(messageId) {
        const index = rows.findIndex(({ key }) => key === messageId);
        if (index < 0) return;
        setEditing(messageId);
        virtualizer.current?.scrollToIndex(index, { align: "nearest" });
      },
    }),
    [rows],
  );

  // The row that is edited stays, too: what was typed is in it alone.
  const keepMounted = useMemo(
    () =>
      rows.flatMap(({ key }, index) =>
        rows.length <= ALWAYS_MOUNTED || key === editing ? index : [],
      ),
    [rows, editing],
  );

  return (
    <div className={styles.frame}>
      {question && isAbove && (
        <PinnedQuestion
          text={question.text}
          onOpen={() => {
            unstick();
            virtualizer.current?.scrollToIndex(question.index, { align: "start" });
          }}
        />
      )}
      <section
        className={styles.scroller}
        ref={scroller}
        aria-label={t("chat.messages")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must by keyboard
        tabIndex={0}
      >
        <div className={styles.content} ref={content}>
          <Virtualizer
            ref={virtualizer}
            scrollRef={scroller}
            shift={isPrepended}
            keepMounted={keepMounted}
            onScroll={onScroll}
            data={rows}
          >
            {(row: Row) => (
              <div
                className={styles.row}
                key={row.key}
                data-wide={row.kind === "compared" || undefined}
              >
                {row.kind === "message" ? (
                  <MessageRow
                    message={row.message}
                    isLast={row.isLast}
                    questionId={row.questionId}
                    isWaiting={row.isWaiting}
                    isFound={row.key === target}
                    isEditing={editing === row.key}
                    setEditing={setEditing}
                    actions={actions}
                  />
                ) : row.kind === "sending" ? (
                  <SendingRow live={row.live} text={row.text} actions={actions} />
                ) : row.kind === "reply" ? (
                  <LiveRow live={row.live} questionId={row.questionId} actions={actions} />
                ) : (
                  <Boundary place={row.key} fallback={<NotShown />}>
                    <Suspense>
                      <ComparedReplies first={row.first} compared={compared} actions={actions} />
                    </Suspense>
                  </Boundary>
                )}
              </div>
            )}
          </Virtualizer>
        </div>
      </section>
      {isAway && (
        <Button look="outlined" className={styles.toEnd} onClick={stick}>
          <ArrowDown size={16} aria-hidden /> {t("chat.toEnd")}
        </Button>
      )}
    </div>
  );
}
