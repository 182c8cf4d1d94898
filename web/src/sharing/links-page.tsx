import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { wordsOf } from "../words-of.ts";
import { LinkList } from "./link-list.tsx";
import { useShares } from "./links.ts";
import styles from "./share.module.css";

/** All links of one's own. */
export default function LinksPage() {
  const { t } = useTranslation();
  const { account } = useSession();
  const { data: shares, error, refetch } = useShares();
  return (
    <PageFrame title={t("share.yours")}>
      <p className={styles.about}>{t(account.can_share ? "share.aboutYours" : "share.off")}</p>
      {error && !shares && (
        <p role="alert">
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {shares?.length === 0 && <p className={styles.none}>{t("share.none")}</p>}
      {shares && shares.length > 0 && <LinkList shares={shares} hasTitles />}
    </PageFrame>
  );
}
