import {
  Ban,
  Brain,
  CircleAlert,
  CircleDashed,
  CircleQuestionMark,
  Hand,
  Wrench,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { memoryIn } from "../../memory/memory-call.ts";
import { MemoryUndo } from "../../memory/memory-undo.tsx";
import { Dot } from "../../ui/mark.tsx";
import { readable } from "../asks/readable.ts";
import { Fold } from "../fold.tsx";
import { CallDetails } from "./call-details.tsx";
import styles from "./call-list.module.css";
import { type Call, type CallsProps, callsIn } from "./steps-in.ts";
import { useWholeCall } from "./use-whole-call.ts";

/** What became of a call. `open`: it has no result here, because whoever sent the message makes it. */
type State = "running" | "waiting" | "ok" | "failed" | "declined" | "unknown" | "open";

const STATES = {
  running: ["steps.running", null],
  waiting: ["steps.waiting", Hand],
  ok: ["steps.ok", Wrench],
  failed: ["steps.failed", CircleAlert],
  declined: ["steps.declined", Ban],
  unknown: ["steps.unknown", CircleQuestionMark],
  open: ["steps.open", CircleDashed],
} as const satisfies Record<State, unknown>;

/** The sources of tools that have no name of the operator's. */
const SOURCES = {
  builtin: "steps.builtIn",
  client: "steps.ofSender",
  custom: "steps.ofSender",
} as const;

/** The calls of a reply, one under the other, each folded into a row. */
export default function CallList({ parts = [], place, messageId, questions }: CallsProps) {
  const { t } = useTranslation();
  const waiting = new Set(questions.map(({ call_id }) => call_id));
  const stateOf = ({ id, result }: Call): State => {
    if (result) return result.outcome;
    if (waiting.has(id)) return "waiting";
    return messageId === null ? "running" : "open";
  };
  return (
    <ul className={styles.calls} aria-label={t("steps.calls")}>
      {callsIn(parts).map((call, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a call is its place in the reply
        <li key={index}>
          <CallRow
            call={call}
            index={index}
            state={stateOf(call)}
            place={`${place} ${call.id}`}
            messageId={messageId}
          />
        </li>
      ))}
    </ul>
  );
}

function CallRow({
  call,
  index,
  state,
  place,
  messageId,
}: {
  readonly call: Call;
  readonly index: number;
  readonly state: State;
  readonly place: string;
  readonly messageId: string | null;
}) {
  const { t } = useTranslation();
  const { source, name } = call;
  const isOurs = source === "builtin" || source === "client" || source === "custom";
  const mayBeMemory = source === "builtin" && (name === "remember" || name === "forget");
  const { whole } = useWholeCall(call, { index, messageId, isWanted: mayBeMemory });
  const memory = mayBeMemory && whole ? memoryIn(whole) : null;
  return (
    <Fold
      place={place}
      sign={signOf(memory !== null, state)}
      words={
        memory ? (
          <span className={styles.words}>
            {t(memory.isForgotten ? "memory.forgot" : "memory.remembered")}{" "}
            <bdi className={styles.name}>{readable(memory.text)}</bdi>
          </span>
        ) : (
          <span className={styles.words}>
            <bdi className={styles.name}>{readable(name)}</bdi>{" "}
            <bdi>{isOurs ? t(SOURCES[source]) : readable(source)}</bdi>{" "}
            <span className={styles.state}>{t(STATES[state][0])}</span>
          </span>
        )
      }
      beside={memory && <MemoryUndo memory={memory} />}
      state={state}
      className={styles.details}
    >
      <CallDetails call={call} index={index} messageId={messageId} />
    </Fold>
  );
}

function signOf(isMemory: boolean, state: State) {
  const Icon = isMemory ? Brain : STATES[state][1];
  return Icon ? <Icon size={17} aria-hidden /> : <Dot isLive />;
}
