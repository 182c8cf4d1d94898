import { Activity, Bot, CircleHelp, KeyRound, LogOut, Settings, Upload } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Menu, MenuItem, MenuSeparator } from "../ui/menu.tsx";
import { useWindows } from "../ui/windows.tsx";
import styles from "./main-menu.module.css";

/** At the sidebar's foot: every other page, and the settings. */
export function MainMenu() {
  const { t } = useTranslation();
  const { account, key, signOut } = useSession();
  const { open } = useWindows();
  return (
    <div className={styles.foot}>
      <Menu
        label={t("menu.label")}
        placement="top-start"
        button={
          <Button look="plain" className={styles.button}>
            <Settings size={17} aria-hidden />
            {t("menu.label")}
          </Button>
        }
      >
        <MenuItem icon={<Settings size={16} />} onSelect={() => open("settings")}>
          {t("settings.title")}
        </MenuItem>
        <MenuItem icon={<CircleHelp size={16} />} onSelect={() => open("shortcuts")}>
          {t("shortcuts.title")}
        </MenuItem>
        <MenuItem icon={<Upload size={16} />} onSelect={() => open("import")}>
          {t("import.title")}
        </MenuItem>
        <MenuItem icon={<Bot size={16} />} href={<Link href="/agents" />}>
          {t("agents.title")}
        </MenuItem>
        {(account.is_operator || !account.is_claimed) && (
          <>
            <MenuSeparator />
            <MenuItem icon={<Activity size={16} />} href={<Link href="/status" />}>
              {t("menu.status")}
            </MenuItem>
            <MenuItem icon={<KeyRound size={16} />} href={<Link href="/keys" />}>
              {t("menu.keys")}
            </MenuItem>
          </>
        )}
        {key && (
          <>
            <MenuSeparator />
            <MenuItem icon={<LogOut size={16} />} onSelect={signOut}>
              {t("session.signOut")}
            </MenuItem>
          </>
        )}
      </Menu>
    </div>
  );
}
