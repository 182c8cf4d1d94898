import { Hand } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link, useRoute } from "wouter";
import { dateLocale } from "../i18n/index.ts";
import { useSidebar } from "../ui/sidebar-state.tsx";
import styles from "./questions-link.module.css";
import { MAX_QUESTIONS, useQuestions } from "./use-questions.ts";

/** The way to the open questions, with their number; nothing where there are none. */
export function QuestionsLink({ className }: { readonly className: string | undefined }) {
  const { t } = useTranslation();
  const { done } = useSidebar();
  const [isHere] = useRoute("/questions");
  const count = useQuestions().data?.length ?? 0;
  if (count === 0 && !isHere) return null;
  const number = count.toLocaleString(dateLocale());
  return (
    <Link
      href="/questions"
      className={className}
      aria-current={isHere ? "page" : undefined}
      onClick={done}
    >
      <Hand size={18} aria-hidden /> {t("asks.open")}{" "}
      {count > 0 && (
        <span className={styles.badge}>{count < MAX_QUESTIONS ? number : `${number}+`}</span>
      )}
    </Link>
  );
}
