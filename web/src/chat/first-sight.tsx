import { Code, Compass, Lightbulb, PenLine } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useRecentAgents } from "../agents/use-recent-agents.ts";
import { dateLocale } from "../i18n/index.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Face } from "../ui/face.tsx";
import { Dot } from "../ui/mark.tsx";
import styles from "./first-sight.module.css";

const MAX_AGENTS = 4;
const HOURS_A_DAY = 24;

/** Each fills the field with the beginning of a message. */
const TRIES = [
  { icon: PenLine, name: "letter" },
  { icon: Lightbulb, name: "explain" },
  { icon: Compass, name: "plan" },
  { icon: Code, name: "bug" },
] as const;

/** By the reader's own clock. */
function timeOfDay(hour = new Date().getHours()) {
  if (hour >= 5 && hour < 12) return "morning";
  return hour >= 12 && hour < 18 ? "afternoon" : "evening";
}

/** "1 day", "36 hours", in the page's language. */
function keptFor(hours: number): string {
  const isDays = hours % HOURS_A_DAY === 0;
  const unit = isDays ? "day" : "hour";
  const style = { style: "unit", unit, unitDisplay: "long" } as const;
  return new Intl.NumberFormat(dateLocale(), style).format(isDays ? hours / HOURS_A_DAY : hours);
}

/** The first words of a page on which nothing was said yet. */
export function Greeting({ isTemporary }: { readonly isTemporary: boolean }) {
  const { t } = useTranslation();
  const { account } = useSession();
  if (isTemporary)
    return (
      <div className={styles.greeting}>
        <h1>{t("temporary.title")}</h1>
        <p role="status">{t("temporary.about", { time: keptFor(account.temporary_hours) })}</p>
      </div>
    );
  return (
    <div className={styles.greeting}>
      <h1>
        {t(`first.${timeOfDay()}`)}
        <Dot className={styles.dot} />
      </h1>
      <p>{t("first.question")}</p>
    </div>
  );
}

/** What one may begin with: a few ideas, and the agents that were talked to last. */
export function ThingsToTry({
  agentId,
  onTry,
  onAgent,
}: {
  readonly agentId: string | null;
  readonly onTry: (text: string) => void;
  readonly onAgent: (agentId: string | null) => void;
}) {
  const { t } = useTranslation();
  const agents = useRecentAgents().slice(0, MAX_AGENTS);
  return (
    <div className={styles.below}>
      <ul aria-label={t("first.tries")}>
        {TRIES.map(({ icon: Icon, name }) => (
          <li key={name}>
            <button
              type="button"
              className={styles.try}
              onClick={() => onTry(t(`first.${name}Text`))}
            >
              <Icon size={18} aria-hidden />
              {t(`first.${name}`)}
            </button>
          </li>
        ))}
      </ul>
      {agents.length > 0 && (
        <section className={styles.agents}>
          <h2>{t("agents.title")}</h2>
          {agents.map(({ id, name }) => (
            <Button
              key={id}
              look="outlined"
              className={styles.agent}
              aria-pressed={id === agentId}
              onClick={() => onAgent(id === agentId ? null : id)}
            >
              <Face name={name} isAgent />
              <span className={styles.name} dir="auto">
                {name}
              </span>
            </Button>
          ))}
        </section>
      )}
    </div>
  );
}
