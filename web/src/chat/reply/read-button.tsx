import { Square, Volume2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../session/session.tsx";
import { IconButton } from "../../ui/button.tsx";
import { notify } from "../../ui/notices.tsx";
import { wordsOf } from "../../words-of.ts";
import { readAloud, stopReading, useIsRead } from "./reading.ts";

/** Reads a reply aloud, and stops. */
export function ReadButton({ id, text }: { readonly id: string; readonly text: string }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const isRead = useIsRead(id);
  if (isRead)
    return (
      <IconButton label={t("reply.stopReading")} onClick={stopReading}>
        <Square size={14} fill="currentColor" aria-hidden />
      </IconButton>
    );
  return (
    <IconButton
      label={t("reply.readAloud")}
      onClick={() =>
        void readAloud(client, id, text).catch((error) =>
          notify({ text: t("reply.notRead", { reason: wordsOf(error) }), isProblem: true }),
        )
      }
    >
      <Volume2 size={16} aria-hidden />
    </IconButton>
  );
}
