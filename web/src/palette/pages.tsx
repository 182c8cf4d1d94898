import {
  Activity,
  Archive,
  BookMarked,
  Bot,
  Brain,
  CircleHelp,
  Folder,
  KeyRound,
  Link2,
  NotebookPen,
  Plug,
  Settings,
  Upload,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useSession } from "../session/session.tsx";
import { useWindows } from "../ui/windows.tsx";
import { type Choice, keysOf } from "./choice.ts";

/** The pages and windows that the palette leads to. */
export function usePages(): readonly Choice[] {
  const { t } = useTranslation();
  const { account } = useSession();
  const [location, navigate] = useLocation();
  const { open } = useWindows();
  const isOperator = account.is_operator || !account.is_claimed;
  return [
    {
      key: "settings",
      icon: <Settings size={17} aria-hidden />,
      name: t("settings.title"),
      note: `${t("settings.theme")}, ${t("settings.language")}`,
      run: () => navigate("/settings", { state: { from: location } }),
    },
    {
      key: "instructions",
      icon: <NotebookPen size={17} aria-hidden />,
      name: t("instructions.title"),
      run: () => navigate("/settings/instructions", { state: { from: location } }),
    },
    {
      key: "memory",
      icon: <Brain size={17} aria-hidden />,
      name: t("memory.title"),
      run: () => navigate("/settings/memory", { state: { from: location } }),
    },
    {
      key: "prompts",
      icon: <BookMarked size={17} aria-hidden />,
      name: t("prompts.title"),
      run: () => navigate("/settings/prompts", { state: { from: location } }),
    },
    {
      key: "shortcuts",
      icon: <CircleHelp size={17} aria-hidden />,
      name: t("shortcuts.title"),
      keys: keysOf("shortcuts.listKey"),
      run: () => open("shortcuts"),
    },
    {
      key: "agents",
      icon: <Bot size={17} aria-hidden />,
      name: t("agents.title"),
      run: () => navigate("/agents"),
    },
    {
      key: "projects",
      icon: <Folder size={17} aria-hidden />,
      name: t("projects.title"),
      run: () => navigate("/projects"),
    },
    {
      key: "archived",
      icon: <Archive size={17} aria-hidden />,
      name: t("archive.title"),
      run: () => navigate("/archived"),
    },
    {
      key: "import",
      icon: <Upload size={17} aria-hidden />,
      name: t("import.title"),
      run: () => open("import"),
    },
    ...(account.can_share
      ? [
          {
            key: "links",
            icon: <Link2 size={17} aria-hidden />,
            name: t("share.yours"),
            run: () => navigate("/links"),
          },
        ]
      : []),
    ...(isOperator
      ? [
          {
            key: "status",
            icon: <Activity size={17} aria-hidden />,
            name: t("menu.status"),
            run: () => navigate("/status"),
          },
          {
            key: "keys",
            icon: <KeyRound size={17} aria-hidden />,
            name: t("menu.keys"),
            run: () => navigate("/keys"),
          },
          {
            key: "sources",
            icon: <Plug size={17} aria-hidden />,
            name: t("sources.title"),
            run: () => navigate("/sources"),
          },
        ]
      : []),
  ];
}
