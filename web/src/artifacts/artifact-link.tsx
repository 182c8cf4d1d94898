import { ChevronRight, CodeXml, FileText, Globe, Image, Table } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Dot } from "../ui/mark.tsx";
import { type ArtifactKind, nameOf } from "./artifact.ts";
import styles from "./artifact-link.module.css";
import type { Opened } from "./opened.tsx";

const ARTIFACT_ICONS = {
  html: Globe,
  svg: Image,
  markdown: FileText,
  csv: Table,
  code: CodeXml,
} as const satisfies Readonly<Record<ArtifactKind, unknown>>;

/** A document in a reply, which opens beside the conversation. */
export function ArtifactLink({
  source,
  place,
  kind,
  code,
  isOpen,
  opened,
}: {
  readonly source: string;
  readonly place: number;
  readonly kind: ArtifactKind;
  readonly code: string;
  /** More of it is on its way. */
  readonly isOpen: boolean;
  readonly opened: Opened;
}) {
  const { t } = useTranslation();
  const Icon = ARTIFACT_ICONS[kind];
  const isShown = opened.at?.source === source && opened.at.place === place;
  return (
    <button
      type="button"
      className={styles.link}
      aria-expanded={isShown}
      data-artifact={`${source} ${place}`}
      onClick={() => (isShown ? opened.close() : opened.open({ source, place }))}
    >
      <span className={styles.tile}>
        <Icon size={18} aria-hidden />
      </span>
      <span className={styles.words}>
        <span className={`${styles.name} fade-end`} dir="auto">
          {nameOf(kind, code) ?? t(`artifact.unnamed.${kind}`)}
        </span>
        <span className={styles.about}>
          {t(`artifact.kind.${kind}`)} ·{" "}
          {isOpen ? t("artifact.growing") : t("artifact.lines", { count: linesIn(code) })}
          {isShown && ` · ${t("artifact.isOpen")}`}
        </span>
      </span>
      {isOpen ? <Dot isLive /> : <ChevronRight size={18} className={styles.arrow} aria-hidden />}
    </button>
  );
}

function linesIn(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
