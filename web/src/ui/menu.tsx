import {
  MenuItem as AriakitItem,
  Menu as AriakitMenu,
  MenuSeparator as AriakitSeparator,
  MenuButton,
  MenuProvider,
} from "@ariakit/react/menu";
import type { ReactElement, ReactNode } from "react";
import styles from "./menu.module.css";
import { useSheet } from "./sheet.ts";

/** Above the list that its button may be in, and still in the same part of the page. */
const landmarkOf = (element: Element) => element.closest<HTMLElement>("nav, main");

/** A button that opens a list of actions. @param button what is shown as the button, as an element */
export function Menu({
  button,
  label,
  children,
  placement = "bottom-end",
}: {
  readonly button: ReactElement;
  readonly label: string;
  readonly children: ReactNode;
  readonly placement?: "bottom-start" | "bottom-end" | "top-start" | "top-end";
}) {
  const sheet = useSheet();
  return (
    <MenuProvider placement={placement}>
      <MenuButton render={button} />
      <AriakitMenu
        aria-label={label}
        gutter={6}
        overflowPadding={12}
        portal
        portalElement={landmarkOf}
        preserveTabOrder={false}
        fixed
        unmountOnHide
        className={styles.menu}
        {...sheet}
      >
        {children}
      </AriakitMenu>
    </MenuProvider>
  );
}

export function MenuItem({
  icon,
  onSelect,
  href,
  isDangerous = false,
  children,
}: {
  readonly icon?: ReactNode;
  readonly onSelect?: () => void;
  /** Makes it a link. */
  readonly href?: ReactElement;
  readonly isDangerous?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <AriakitItem
      className={styles.item}
      data-dangerous={isDangerous || undefined}
      {...(onSelect && { onClick: onSelect })}
      {...(href && { render: href })}
    >
      {icon}
      {children}
    </AriakitItem>
  );
}

export const MenuSeparator = () => <AriakitSeparator className={styles.separator} />;
