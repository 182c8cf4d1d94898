import { Columns2, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useModels } from "../chat/use-models.ts";
import { IconButton } from "../ui/button.tsx";
import styles from "./compare-chip.module.css";

/** Says that the next question is asked to that model, too, and is the way out of it. */
export function CompareChip({
  model,
  onLeave,
}: {
  readonly model: string;
  readonly onLeave: () => void;
}) {
  const { t } = useTranslation();
  const { data: models } = useModels();
  const name = models?.find(({ id }) => id === model)?.name ?? model;
  return (
    <p className={styles.chip}>
      <Columns2 size={15} aria-hidden />
      <span role="status">{t("compare.wanted", { model: name })}</span>
      <IconButton label={t("compare.unwanted")} className={styles.leave} onClick={onLeave}>
        <X size={15} aria-hidden />
      </IconButton>
    </p>
  );
}
