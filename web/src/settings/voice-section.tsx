import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Setting } from "./setting.tsx";
import styles from "./settings.module.css";

/** What the server hears and speaks with. */
export function VoiceSection() {
  const { t } = useTranslation();
  const { client } = useSession();
  const { data: health, error } = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => client.health({ signal }),
  });
  const wordsFor = (engine: string | null | undefined): string => {
    if (health) return engine ?? t("settings.noEngine");
    return error ? t("settings.notAvailable") : "…";
  };
  return (
    <>
      <Setting name={t("settings.hears")} hint={wordsFor(health?.engines.hears)} />
      <Setting name={t("settings.speaks")} hint={wordsFor(health?.engines.speaks)} />
      <p className={styles.note}>{t("settings.voiceHint")}</p>
    </>
  );
}
