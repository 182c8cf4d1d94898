import { Menu } from "lucide-react";
import type { ReactNode } from "react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./button.tsx";
import styles from "./page-frame.module.css";
import { useSidebar } from "./sidebar-state.tsx";

/** A page that is not a conversation: its title, what can be done on it, its content. */
export function PageFrame({
  title,
  actions,
  children,
}: {
  readonly title: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  const { t } = useTranslation();
  const sidebar = useSidebar();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  return (
    <main className={styles.page}>
      <header className={styles.header}>
        {!sidebar.isOpen && (
          <IconButton label={t("sidebar.open")} onClick={sidebar.open}>
            <Menu size={20} aria-hidden />
          </IconButton>
        )}
        <h1>{title}</h1>
        {actions}
      </header>
      {children}
    </main>
  );
}
