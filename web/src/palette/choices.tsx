import { useQuery } from "@tanstack/react-query";
import {
  Bot,
  Copy,
  Cpu,
  Folder,
  MessageSquare,
  PanelLeft,
  RotateCcw,
  Search,
  SquarePen,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useAgents } from "../agents/use-agents.ts";
import { readDraft, withUnsent, writeDraft } from "../chat/drafts.ts";
import { NEW } from "../chat/live/live-reply.ts";
import { useModels } from "../chat/use-models.ts";
import { type ConversationList, listKey } from "../conversations/list-cache.ts";
import { useShownProjects } from "../projects/undoable.ts";
import { useSession } from "../session/session.tsx";
import { replyShortcuts } from "../settings/reply-shortcuts.ts";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useSettled } from "../ui/use-settled.ts";
import { type Choice, keysOf } from "./choice.ts";
import { usePages } from "./pages.tsx";

type ChoiceGroup = { readonly name: string; readonly choices: readonly Choice[] };

const TYPING_PAUSE_MS = 150;
const MAX_CONVERSATIONS = 6;
const MAX_SAID = 5;
const MAX_PROJECTS = 4;
const MAX_MODELS = 8;

/** What the words that were typed may mean; without any: what one does most. */
export function useChoices(words: string): {
  readonly groups: readonly ChoiceGroup[];
  readonly isSearching: boolean;
} {
  const { t } = useTranslation();
  const found = useFound(words);
  const [, navigate] = useLocation();
  const { data: list } = useQuery<ConversationList>({ queryKey: listKey, enabled: false });
  const actions = useActions(words);
  const pages = usePages();
  const models = useModelsAndAgents();
  const projects = useProjectChoices();
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ name, note = "" }: Choice): boolean => {
    const text = `${name} ${note}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  const conversations = [...(list?.pinned ?? []), ...(list?.items ?? [])].map(
    ({ id, title }): Choice => ({
      key: id,
      icon: <MessageSquare size={17} aria-hidden />,
      name: title,
      run: () => navigate(`/c/${id}`),
    }),
  );
  const acting: ChoiceGroup = {
    name: t("palette.actions"),
    choices: actions.filter((choice) => choice.key === "new-about" || fits(choice)),
  };
  const groups: ChoiceGroup[] = [
    {
      name: t("palette.conversations"),
      choices: [
        ...(words ? projects.filter(fits).slice(0, MAX_PROJECTS) : []),
        ...conversations.filter(fits).slice(0, MAX_CONVERSATIONS),
      ],
    },
    ...(words ? [] : [acting]),
    { name: t("palette.said"), choices: found.choices },
    {
      name: t("palette.models"),
      choices: words ? models.filter(fits).slice(0, MAX_MODELS) : [],
    },
    { name: t("palette.settings"), choices: pages.filter(fits) },
    // What is sought comes before a new conversation about it.
    ...(words ? [acting] : []),
  ];
  return {
    groups: groups.filter(({ choices }) => choices.length > 0),
    isSearching: found.isSearching,
  };
}

/** What the server's search finds, once the typing pauses. */
function useFound(words: string) {
  const { client } = useSession();
  const [, navigate] = useLocation();
  const settled = useSettled(words, TYPING_PAUSE_MS);
  const query = useQuery({
    queryKey: ["palette", settled],
    queryFn: ({ signal }) => client.searchPage(settled, { limit: MAX_SAID }, { signal }),
    enabled: settled !== "",
  });
  // Titles are found in the list of conversations, which has none that is in a project.
  const hits =
    words === ""
      ? []
      : (query.data?.items ?? []).filter(
          ({ message, conversation }) => message ?? conversation.project_id,
        );
  const choices = hits.map(({ conversation, message, snippet }): Choice => {
    const place = message ? `?${new URLSearchParams({ m: message.id, q: settled })}` : "";
    return {
      key: `said-${message?.id ?? conversation.id}`,
      icon: <Search size={17} aria-hidden />,
      name: snippet,
      isSnippet: true,
      ...(message && { note: conversation.title }),
      run: () => navigate(`/c/${conversation.id}${place}`),
    };
  });
  return { choices, isSearching: words !== settled || query.isFetching };
}

function useActions(words: string): readonly Choice[] {
  const { t } = useTranslation();
  const { account } = useSession();
  const [location, navigate] = useLocation();
  const sidebar = useSidebar();
  const reply = replyShortcuts();
  const begin: Choice = {
    key: "new",
    icon: <SquarePen size={17} aria-hidden />,
    name: t("chat.newConversation"),
    keys: keysOf("shortcuts.newConversation"),
    run: () => navigate("/"),
  };
  return [
    begin,
    ...(reply
      ? [
          {
            key: "copy",
            icon: <Copy size={17} aria-hidden />,
            name: t("shortcuts.copyKey"),
            keys: keysOf("shortcuts.copyKey"),
            run: reply.copy,
          },
          {
            key: "again",
            icon: <RotateCcw size={17} aria-hidden />,
            name: t("chat.retry"),
            keys: keysOf("shortcuts.retryKey"),
            run: reply.answerAgain,
          },
        ]
      : []),
    {
      key: "sidebar",
      icon: <PanelLeft size={17} aria-hidden />,
      name: t(sidebar.isOpen ? "sidebar.close" : "sidebar.open"),
      keys: keysOf("shortcuts.sidebar"),
      run: sidebar.isOpen ? sidebar.close : sidebar.open,
    },
    ...(words
      ? [
          {
            ...begin,
            key: "new-about",
            name: t("palette.newAbout", { words }),
            keys: undefined,
            run: () => {
              const shown = replyShortcuts();
              if (shown && location === "/") return shown.write(words);
              writeDraft(account, NEW, withUnsent(words, readDraft(account, NEW)));
              navigate("/");
            },
          },
        ]
      : []),
  ];
}

function useProjectChoices(): readonly Choice[] {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const { data: projects = [] } = useShownProjects();
  return projects.map(({ id, name }) => ({
    key: `project-${id}`,
    icon: <Folder size={17} aria-hidden />,
    name,
    note: t("projects.one"),
    run: () => navigate(`/projects/${id}`),
  }));
}

function useModelsAndAgents(): readonly Choice[] {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const { data: models = [] } = useModels();
  const { data: agents = [] } = useAgents();
  return [
    ...agents.map(
      ({ id, name }): Choice => ({
        key: `agent-${id}`,
        icon: <Bot size={17} aria-hidden />,
        name,
        note: t("palette.agent"),
        run: () => navigate(`/?${new URLSearchParams({ agent: id })}`),
      }),
    ),
    // A model belongs to the conversation that is shown.
    ...(replyShortcuts() ? models : []).map(
      ({ id, name, is_default }): Choice => ({
        key: `model-${id}`,
        icon: <Cpu size={17} aria-hidden />,
        name,
        note: t("palette.model"),
        run: () => replyShortcuts()?.chooseModel(is_default ? null : id),
      }),
    ),
  ];
}
