import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { Problem } from "./chat/problem.tsx";
import { Button } from "./ui/button.tsx";
import { notify } from "./ui/notices.tsx";

/*
 * For a part of the page that could not be loaded: offline, or the server has a newer build by now. Browsers
 * keep the failure of an `import()` for as long as the page is open, so only loading the page anew helps.
 */

const reload = () => location.reload();

/** In the place of that part. */
export function NotShown() {
  const { t } = useTranslation();
  return (
    <Problem text={t("app.notShown")}>
      <Button onClick={reload}>{t("app.reload")}</Button>
    </Problem>
  );
}

/** For a part that has no place of its own in the page. */
export const tellNotShown = (): void => {
  const action = { label: i18next.t("app.reload"), run: reload };
  notify({ text: i18next.t("app.notShown"), isProblem: true, action });
};
