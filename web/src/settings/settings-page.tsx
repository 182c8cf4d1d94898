import {
  BookMarked,
  Brain,
  CircleUser,
  Hand,
  Menu,
  Mic,
  NotebookPen,
  Settings2,
  X,
} from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { PermissionsSection } from "../asks/permissions-section.tsx";
import { MemorySection } from "../memory/memory-section.tsx";
import { PromptsSection } from "../prompts/prompts-section.tsx";
import { IconButton } from "../ui/button.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { AccountSection } from "./account-section.tsx";
import { GeneralSection } from "./general-section.tsx";
import { InstructionsSection } from "./instructions-section.tsx";
import styles from "./settings.module.css";
import { VoiceSection } from "./voice-section.tsx";

/** Each has an address of its own. */
const SECTIONS = [
  { path: "/settings", name: "settings.general", icon: Settings2, Content: GeneralSection },
  {
    path: "/settings/instructions",
    name: "instructions.title",
    icon: NotebookPen,
    Content: InstructionsSection,
  },
  { path: "/settings/memory", name: "memory.title", icon: Brain, Content: MemorySection },
  {
    path: "/settings/prompts",
    name: "prompts.title",
    icon: BookMarked,
    Content: PromptsSection,
  },
  {
    path: "/settings/permissions",
    name: "asks.permissions",
    icon: Hand,
    Content: PermissionsSection,
  },
  { path: "/settings/voice", name: "settings.voice", icon: Mic, Content: VoiceSection },
  {
    path: "/settings/account",
    name: "settings.account",
    icon: CircleUser,
    Content: AccountSection,
  },
] as const;

/** The page that was left for the settings, which the cross leads back to. */
const pageBefore = (): string => {
  const { from } = (history.state ?? {}) as { readonly from?: unknown };
  return typeof from === "string" && !from.startsWith("/settings") ? from : "/";
};

/** How one likes the page, what models are told, and who is in. */
export default function SettingsPage() {
  const { t } = useTranslation();
  const sidebar = useSidebar();
  const [location, navigate] = useLocation();
  const { name, Content } = SECTIONS.find(({ path }) => path === location) ?? SECTIONS[0];
  const title = t(name);
  useEffect(() => {
    document.title = `${title} · ${t("settings.title")} · ${t("app.name")}`;
  }, [title, t]);
  const rail = useRef<HTMLElement>(null);
  useEffect(() => {
    const current = rail.current?.querySelector(`[href$="${location}"]`);
    current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [location]);
  return (
    <main className={styles.page}>
      <header className={styles.head}>
        {!sidebar.isOpen && (
          <IconButton label={t("sidebar.open")} onClick={sidebar.open}>
            <Menu size={20} aria-hidden />
          </IconButton>
        )}
        <span className={styles.where}>{t("settings.title")}</span>
        <IconButton label={t("settings.close")} onClick={() => navigate(pageBefore())}>
          <X size={18} aria-hidden />
        </IconButton>
      </header>
      <div className={styles.columns}>
        <nav ref={rail} className={styles.rail} aria-label={t("settings.sections")}>
          {SECTIONS.map(({ path, name: section, icon: Icon }) => (
            <Link
              key={path}
              href={path}
              replace
              state={history.state}
              aria-current={name === section ? "page" : undefined}
            >
              <Icon size={18} aria-hidden /> {t(section)}
            </Link>
          ))}
        </nav>
        <Section key={name} title={title}>
          <Content />
        </Section>
      </div>
    </main>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={styles.section}>
      <h1>{title}</h1>
      {children}
    </section>
  );
}
