import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button.tsx";
import { wordsOf } from "../../words-of.ts";
import { readable } from "../asks/readable.ts";
import { LongText } from "../long-text.tsx";
import { Problem } from "../problem.tsx";
import type { Call } from "./steps-in.ts";
import { useWholeCall } from "./use-whole-call.ts";

/** Exactly what was sent and what came back. Of a reply that is stored, both are loaded now. */
export function CallDetails({
  call,
  index,
  messageId,
}: {
  readonly call: Call;
  /** Its place among the calls of its reply. */
  readonly index: number;
  readonly messageId: string | null;
}) {
  const { t } = useTranslation();
  const { whole, error, refetch } = useWholeCall(call, { index, messageId });
  if (error && !whole)
    return (
      <Problem text={t("steps.notLoaded")} reason={wordsOf(error)}>
        <Button look="outlined" onClick={refetch}>
          {t("chat.tryNow")}
        </Button>
      </Problem>
    );
  if (!whole) return <p>{t("steps.loading")}</p>;
  return (
    <>
      <Exact title={t("steps.given")} text={whole.given} direction="ltr" />
      {whole.result && (
        <Exact title={t("steps.result")} text={whole.result.text} direction="auto" />
      )}
    </>
  );
}

/** A text as it is, whatever it says: it may be foreign. */
function Exact({
  title,
  text,
  direction,
}: {
  readonly title: string;
  readonly text: string;
  readonly direction: "ltr" | "auto";
}) {
  const { t } = useTranslation();
  const shown = useMemo(() => readable(text), [text]);
  if (text === "") return <p>{t("steps.nothing", { title })}</p>;
  return (
    <>
      <p>{title}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must by keyboard */}
      <pre tabIndex={0} dir={direction}>
        <LongText text={shown} />
      </pre>
    </>
  );
}
