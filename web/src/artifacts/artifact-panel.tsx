import { Dialog as AriakitDialog } from "@ariakit/react/dialog";
import { Tab, TabList, TabPanel, TabProvider } from "@ariakit/react/tab";
import { ChevronLeft, ChevronRight, Download, ShieldCheck, X } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { fileNameOf } from "../chat/markdown/code-file.ts";
import { IconButton } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { coverPage } from "../ui/covered.ts";
import { download } from "../ui/download.ts";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useMedia } from "../ui/use-media.ts";
import { type Artifact, artifactsIn, LIVE, versionsOf } from "./artifact.ts";
import styles from "./artifact-panel.module.css";
import { Changes, Preview, ProgramText } from "./artifact-views.tsx";
import type { Opened } from "./opened.tsx";

/** Where a document beside the conversation would leave no room for it. */
const PHONE = "(max-width: 48rem)";

const TIGHT = "(max-width: 64rem)";

export type ReplyText = { readonly id: string; readonly text: string };

/** What a document is looked at as. */
type View = "preview" | "code" | "changes";

/**
 * The document that is open beside the conversation, and all of its versions; on a phone it covers the page.
 * @param replies oldest first
 */
export default function ArtifactPanel({
  opened,
  replies,
}: {
  readonly opened: Opened;
  readonly replies: readonly ReplyText[];
}) {
  const { t } = useTranslation();
  const isPhone = useMedia(PHONE);
  useRoomBeside();
  const { at, open, close } = opened;
  const source = replies.some(({ id }) => id === at?.source) ? at?.source : replies.at(-1)?.id;
  // The reply that was being written has got its id.
  const isRenamed = at !== null && at.source === LIVE && source !== undefined && source !== LIVE;
  useEffect(() => {
    if (isRenamed) open({ source, place: at.place });
  }, [isRenamed, source, at, open]);
  if (!at || (at.source !== source && !isRenamed)) return null;
  const all = replies.flatMap(({ id, text }) => known(id, text));
  const artifact = all.find((one) => one.source === source && one.place === at.place);
  if (!artifact) return null;

  const closeHere = () => {
    close();
    // The focus goes back to the link that stands for it in the reply.
    const link = `[data-artifact="${CSS.escape(artifact.source)} ${artifact.place}"]`;
    requestAnimationFrame(() => document.querySelector<HTMLElement>(link)?.focus());
  };
  const card = (
    <Card artifact={artifact} versions={versionsOf(all, artifact)} open={open} close={closeHere} />
  );
  if (isPhone) return <Cover onClose={closeHere}>{card}</Cover>;
  return (
    <aside
      className={styles.panel}
      aria-label={t("artifact.label")}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        closeHere();
      }}
    >
      {card}
    </aside>
  );
}

/** Where there is no room for three columns, the sidebar goes while a document is open. */
function useRoomBeside(): void {
  const sidebar = useSidebar();
  const atFirst = useRef(sidebar);
  useEffect(() => {
    const { isOver, isOpen, close, open } = atFirst.current;
    if (isOver || !isOpen || !matchMedia(TIGHT).matches) return;
    close();
    return open;
  }, []);
}

function Cover({
  onClose,
  children,
}: {
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { t } = useTranslation();
  useLayoutEffect(coverPage, []);
  return (
    <AriakitDialog
      open
      onClose={onClose}
      autoFocusOnShow={false}
      autoFocusOnHide={false}
      aria-label={t("artifact.label")}
      backdrop={false}
      className={styles.cover}
    >
      {children}
    </AriakitDialog>
  );
}

function Card({
  artifact,
  versions,
  open,
  close,
}: {
  readonly artifact: Artifact;
  readonly versions: readonly Artifact[];
  readonly open: Opened["open"];
  readonly close: () => void;
}) {
  const { t } = useTranslation();
  const { kind, language, name, text } = artifact;
  const index = versions.indexOf(artifact);
  const before = versions[index - 1];
  const [wanted, setWanted] = useState<View>("preview");
  const views: readonly View[] = [
    ...(kind === "code" ? [] : (["preview"] as const)),
    "code",
    ...(before ? (["changes"] as const) : []),
  ];
  const view = views.includes(wanted) ? wanted : (views[0] ?? "code");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const title = name ?? t(`artifact.unnamed.${kind}`);
  const go = (step: -1 | 1) => {
    const version = versions[index + step];
    if (version) open(version);
  };
  return (
    <div className={styles.card}>
      <header className={styles.head}>
        <div className={styles.title}>
          <h2 ref={heading} tabIndex={-1} className="fade-end" dir="auto">
            {title}
          </h2>
          <small>
            {kind === "code" ? language || t("artifact.kind.code") : t(`artifact.kind.${kind}`)}
            <span className={styles.kept}> · {t("artifact.kept")}</span>
          </small>
        </div>
        {versions.length > 1 && (
          <fieldset className={styles.versions}>
            <legend className="visually-hidden">
              {t("versions.which", { number: index + 1, total: versions.length })}
            </legend>
            <IconButton
              label={t("versions.previous")}
              disabled={index === 0}
              onClick={() => go(-1)}
            >
              <ChevronLeft size={16} aria-hidden />
            </IconButton>
            <span aria-hidden>
              {index + 1} / {versions.length}
            </span>
            <IconButton
              label={t("versions.next")}
              disabled={index + 1 === versions.length}
              onClick={() => go(1)}
            >
              <ChevronRight size={16} aria-hidden />
            </IconButton>
          </fieldset>
        )}
        <CopyButton text={() => text} label={t("chat.copy")} className={styles.copy} />
        <IconButton
          label={t("markdown.download")}
          onClick={() => download(savedAs(artifact), "text/plain", text)}
        >
          <Download size={18} aria-hidden />
        </IconButton>
        <IconButton label={t("ui.close")} onClick={close}>
          <X size={18} aria-hidden />
        </IconButton>
      </header>
      <TabProvider selectedId={view} setSelectedId={(id) => setWanted((id ?? "code") as View)}>
        <div className={styles.bar}>
          <TabList className={styles.tabs} aria-label={t("artifact.views")}>
            {views.map((one) => (
              <Tab key={one} id={one} className={styles.tab}>
                {t(`artifact.view.${one}`)}
              </Tab>
            ))}
          </TabList>
          {view === "preview" && (kind === "html" || kind === "svg") && (
            <p className={styles.closed}>
              <ShieldCheck size={15} aria-hidden /> {t("artifact.closedOff")}
            </p>
          )}
        </div>
        <TabPanel tabId={view} className={styles.body} data-view={view} data-kind={kind}>
          {view === "preview" ? (
            <Preview kind={kind} text={text} title={title} isGrowing={artifact.source === LIVE} />
          ) : view === "changes" && before ? (
            <Changes before={before.text} after={text} />
          ) : (
            <ProgramText text={text} language={language} />
          )}
        </TabPanel>
      </TabProvider>
    </div>
  );
}

/** A reply that has not changed has the same documents. */
const knownTexts = new Map<string, { text: string; artifacts: readonly Artifact[] }>();
const MAX_KNOWN = 2_000;

function known(id: string, text: string): readonly Artifact[] {
  const found = knownTexts.get(id);
  if (found?.text === text) return found.artifacts;
  if (knownTexts.size >= MAX_KNOWN) knownTexts.clear();
  const artifacts = artifactsIn(id, text);
  knownTexts.set(id, { text, artifacts });
  return artifacts;
}

/** What the file is called: after the document where its name can be one. */
function savedAs({ kind, language, name, text }: Artifact): string {
  const plain = fileNameOf(
    kind === "svg" ? "svg" : kind === "csv" && text.includes("\t") ? "tsv" : language,
  );
  const ending = plain.slice(plain.lastIndexOf("."));
  const stem = (name ?? "")
    .replace(/[^\p{L}\p{N} _.-]+/gu, " ")
    .replace(/^[ .-]+|[ .-]+$/g, "")
    .slice(0, 60);
  if (stem === "") return plain;
  return stem.toLowerCase().endsWith(ending) ? stem : `${stem}${ending}`;
}
