import { Combobox, ComboboxItem, ComboboxList, ComboboxProvider } from "@ariakit/react/combobox";
import { Select, SelectItem, SelectPopover, SelectProvider } from "@ariakit/react/select";
import { Check, ChevronDown, Search } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./picker.module.css";
import { useSheet } from "./sheet.ts";

export type PickerOption = {
  readonly value: string;
  readonly name: string;
  readonly note?: string | undefined;
  /** At the end of its line. */
  readonly facts?: string | undefined;
};

const MAX_SHOWN = 100;

/** A choice of one among many, which can be searched by typing. */
export function Picker({
  label,
  value,
  options,
  onPick,
  icon,
  footer,
  searchLabel,
  shown,
  onHide,
  isAtTop = false,
  className,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly PickerOption[];
  readonly onPick: (value: string) => void;
  readonly icon?: ReactNode;
  readonly footer?: ReactNode;
  readonly searchLabel?: string;
  /** What is chosen, where it may be none of the options. */
  readonly shown?: string | undefined;
  readonly onHide?: () => void;
  /** Its list opens downwards. */
  readonly isAtTop?: boolean;
  readonly className?: string | undefined;
}) {
  const { t } = useTranslation();
  const sheet = useSheet();
  const [search, setSearch] = useState("");
  const found = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return options.filter(({ value: id, name }) => {
      const text = `${id} ${name}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [options, search]);
  const chosen = shown ?? options.find((option) => option.value === value)?.name ?? value;
  return (
    <ComboboxProvider resetValueOnHide value={search} setValue={setSearch}>
      <SelectProvider
        value={value}
        setValue={onPick}
        // One that is opened again at once has not been hidden, and would still be searched for what was typed before.
        setOpen={(isOpen) => (isOpen ? setSearch("") : onHide?.())}
        placement={isAtTop ? "bottom-start" : "top-start"}
      >
        <Select
          className={[styles.button, className].filter(Boolean).join(" ")}
          aria-label={`${label}: ${chosen}`}
        >
          {icon}
          <span className={styles.chosen}>{chosen}</span>
          <ChevronDown size={14} aria-hidden />
        </Select>
        <SelectPopover
          aria-label={label}
          className={styles.popover}
          {...sheet}
          gutter={6}
          overflowPadding={12}
          portal={false}
          fixed
          unmountOnHide
        >
          <div className={styles.find}>
            <Search size={17} aria-hidden />
            <Combobox
              autoSelect
              className={styles.search}
              placeholder={searchLabel ?? t("ui.search")}
              aria-label={searchLabel ?? t("ui.search")}
            />
          </div>
          <ComboboxList className={styles.list}>
            {found.slice(0, MAX_SHOWN).map((option) => (
              <ComboboxItem
                key={option.value}
                className={styles.item}
                render={<SelectItem value={option.value} />}
              >
                <span className={styles.check}>
                  {option.value === value && <Check size={17} aria-hidden />}
                </span>
                <span className={styles.words}>
                  <span className={styles.name}>{option.name}</span>
                  {option.note && <span className={styles.note}>{option.note}</span>}
                </span>
                {option.facts && <span className={styles.facts}>{option.facts}</span>}
              </ComboboxItem>
            ))}
            {found.length === 0 && <p className={styles.none}>{t("ui.nothingFound")}</p>}
            {found.length > MAX_SHOWN && (
              <p className={styles.none}>{t("ui.more", { count: found.length - MAX_SHOWN })}</p>
            )}
          </ComboboxList>
          {footer}
        </SelectPopover>
      </SelectProvider>
    </ComboboxProvider>
  );
}
