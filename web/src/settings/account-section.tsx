import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useSession } from "../session/session.tsx";
import buttonStyles from "../ui/button.module.css";
import { Button } from "../ui/button.tsx";
import { Setting } from "./setting.tsx";

/** Who is in, the way out, and what operators manage. */
export function AccountSection() {
  const { t } = useTranslation();
  const { account, key, isSignedIn, signOut } = useSession();
  const isOperator = account.is_operator || !account.is_claimed;
  const link = `${buttonStyles.button} ${buttonStyles.outlined}`;
  return (
    <>
      <Setting name={t("settings.user")} hint={<span dir="auto">{account.user_id}</span>} />
      <Setting name={t("settings.tenant")} hint={<span dir="auto">{account.tenant_id}</span>} />
      <Setting name={t("settings.role")} hint={t(isOperator ? "menu.operator" : "menu.person")} />
      {isOperator && (
        <>
          <Setting name={t("menu.keys")} hint={t("settings.keysHint")}>
            <Link href="/keys" className={link}>
              {t("menu.keys")}
            </Link>
          </Setting>
          <Setting name={t("menu.status")} hint={t("settings.statusHint")}>
            <Link href="/status" className={link}>
              {t("menu.status")}
            </Link>
          </Setting>
        </>
      )}
      <Setting
        name={t("settings.session")}
        hint={t(
          isSignedIn ? (key ? "settings.sessionHint" : "settings.providerHint") : "settings.noKey",
        )}
      >
        {isSignedIn && (
          <Button look="outlined" onClick={signOut}>
            {t("session.signOut")}
          </Button>
        )}
      </Setting>
    </>
  );
}
