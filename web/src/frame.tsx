import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { Sidebar } from "./conversations/sidebar.tsx";
import styles from "./frame.module.css";
import { NotShown, tellNotShown } from "./not-shown.tsx";
import { typedAhead } from "./palette/typed-ahead.ts";
import { PrintSheet } from "./reading/print-conversation.tsx";
import { useShortcuts } from "./settings/use-shortcuts.ts";
import { Boundary } from "./ui/boundary.tsx";
import { Notices } from "./ui/notices.tsx";
import { PageFrame } from "./ui/page-frame.tsx";
import { useSidebar } from "./ui/sidebar-state.tsx";
import { useNoAttachments } from "./ui/use-no-attachments.ts";
import { useWindows } from "./ui/windows.tsx";

const ImportDialog = lazy(() => import("./conversations/import/import-dialog.tsx"));
const Palette = lazy(() => import("./palette/palette.tsx"));
const ShortcutsDialog = lazy(() => import("./settings/shortcuts-dialog.tsx"));

/** What every page stands in: the sidebar beside it (over it, on a phone), windows and notices. */
export function Frame({
  currentId,
  children,
}: {
  readonly currentId: string | null;
  readonly children: ReactNode;
}) {
  const { t } = useTranslation();
  const sidebar = useSidebar();
  const { shown, close } = useWindows();
  const [location] = useLocation();
  useShortcuts();
  useNoAttachments();
  const isCovered = sidebar.isOver && sidebar.isOpen;

  useEffect(() => {
    if (!isCovered) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) sidebar.close();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [isCovered, sidebar]);

  return (
    <div className={styles.frame} data-over={sidebar.isOver || undefined}>
      <a className={styles.skip} href="#content">
        {t("app.skipToContent")}
      </a>
      <div className={styles.side} data-open={sidebar.isOpen || undefined} inert={!sidebar.isOpen}>
        <Sidebar currentId={currentId} />
      </div>
      {isCovered && (
        // biome-ignore lint/a11y/noStaticElementInteractions: Escape does the same
        // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
        <div className={styles.veil} onClick={sidebar.close} />
      )}
      <div className={styles.content} id="content" tabIndex={-1} inert={isCovered}>
        <Boundary
          place={location}
          fallback={
            <PageFrame title={t("app.name")}>
              <NotShown />
            </PageFrame>
          }
        >
          <Suspense fallback={<p role="status">{t("session.starting")}</p>}>{children}</Suspense>
        </Boundary>
      </div>
      <Boundary
        place={shown ?? ""}
        fallback={null}
        onFailure={() => {
          typedAhead();
          close();
          tellNotShown();
        }}
      >
        <Suspense>
          {shown === "palette" && <Palette onClose={close} />}
          {shown === "import" && <ImportDialog onClose={close} />}
          {shown === "shortcuts" && <ShortcutsDialog onClose={close} />}
        </Suspense>
      </Boundary>
      <PrintSheet />
      <Notices />
    </div>
  );
}
