import {
  Activity,
  Archive,
  Bell,
  BellOff,
  CircleHelp,
  Ellipsis,
  KeyRound,
  Link2,
  LogOut,
  MonitorDown,
  Plug,
  Settings,
  Upload,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { useInstall } from "../install/installed.ts";
import { setLongAnswers, useLongAnswers } from "../install/long-answers.ts";
import { useSession } from "../session/session.tsx";
import { Face } from "../ui/face.tsx";
import { Menu, MenuItem, MenuSeparator } from "../ui/menu.tsx";
import { notify } from "../ui/notices.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useWindows } from "../ui/windows.tsx";
import styles from "./main-menu.module.css";

/** A user id that nobody chose, and so nobody knows. */
const GIVEN_BY_MACHINE = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** At the sidebar's foot: who is in, the settings, and what only some may do. */
export function MainMenu() {
  const { t } = useTranslation();
  const { account, isSignedIn, signOut } = useSession();
  const { open } = useWindows();
  const { done } = useSidebar();
  const [location] = useLocation();
  const install = useInstall();
  const isTold = useLongAnswers();
  const tell = async (wanted: boolean) => {
    const isOn = await setLongAnswers(wanted);
    notify({ text: t(isOn ? "notify.isOn" : wanted ? "notify.blocked" : "notify.isOff") });
  };
  const name = GIVEN_BY_MACHINE.test(account.user_id) ? t("menu.you") : account.user_id;
  const isOperator = account.is_operator || !account.is_claimed;
  return (
    <Menu
      label={t("menu.label")}
      placement="top-start"
      button={
        <button type="button" className={styles.person}>
          <Face name={name} />
          <span className={styles.words}>
            <span className={`${styles.name} fade-end`}>{name}</span>
            <span className={styles.role}>{t(isOperator ? "menu.operator" : "menu.person")}</span>
          </span>
          <span className="visually-hidden">{t("menu.label")}</span>
          <Ellipsis size={18} aria-hidden />
        </button>
      }
    >
      <MenuItem
        icon={<Settings size={16} />}
        href={<Link href="/settings" state={{ from: location }} onClick={done} />}
      >
        {t("settings.title")}
      </MenuItem>
      <MenuItem icon={<CircleHelp size={16} />} onSelect={() => open("shortcuts")}>
        {t("shortcuts.title")}
      </MenuItem>
      <MenuItem icon={<Upload size={16} />} onSelect={() => open("import")}>
        {t("import.title")}
      </MenuItem>
      <MenuItem icon={<Archive size={16} />} href={<Link href="/archived" onClick={done} />}>
        {t("archive.title")}
      </MenuItem>
      {isTold !== null && (
        <MenuItem
          icon={isTold ? <BellOff size={16} /> : <Bell size={16} />}
          onSelect={() => void tell(!isTold)}
        >
          {t(isTold ? "notify.turnOff" : "notify.turnOn")}
        </MenuItem>
      )}
      {install && (
        <MenuItem icon={<MonitorDown size={16} />} onSelect={install}>
          {t("install.app")}
        </MenuItem>
      )}
      {account.can_share && (
        <MenuItem icon={<Link2 size={16} />} href={<Link href="/links" />}>
          {t("share.yours")}
        </MenuItem>
      )}
      {isOperator && (
        <>
          <MenuSeparator />
          <MenuItem icon={<Activity size={16} />} href={<Link href="/status" />}>
            {t("menu.status")}
          </MenuItem>
          <MenuItem icon={<KeyRound size={16} />} href={<Link href="/keys" />}>
            {t("menu.keys")}
          </MenuItem>
          <MenuItem icon={<Plug size={16} />} href={<Link href="/sources" />}>
            {t("sources.title")}
          </MenuItem>
        </>
      )}
      {isSignedIn && (
        <>
          <MenuSeparator />
          <MenuItem icon={<LogOut size={16} />} onSelect={signOut}>
            {t("session.signOut")}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
