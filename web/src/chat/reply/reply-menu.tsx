import type { Message } from "@colloquy/client";
import { Ellipsis, Info, ListRestart, Share2, TextQuote, Type } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { tellNotShown } from "../../not-shown.tsx";
import { useSession } from "../../session/session.tsx";
import { ShareWindow } from "../../sharing/share-window.tsx";
import { Boundary } from "../../ui/boundary.tsx";
import { IconButton } from "../../ui/button.tsx";
import { Menu, MenuItem } from "../../ui/menu.tsx";
import { notify } from "../../ui/notices.tsx";
import type { ChatActions } from "../chat-actions.ts";
import { useModels } from "../use-models.ts";

const DetailsDialog = lazy(() =>
  import("./reply-dialogs.tsx").then((dialogs) => ({ default: dialogs.DetailsDialog })),
);
const ModelDialog = lazy(() =>
  import("./reply-dialogs.tsx").then((dialogs) => ({ default: dialogs.ModelDialog })),
);

/** What is seldom done with a reply. */
export function ReplyMenu({
  message,
  actions,
}: {
  readonly message: Message;
  readonly actions: Pick<ChatActions, "retry" | "quote">;
}) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<"details" | "model" | "share" | null>(null);
  const { account } = useSession();
  const { data: models = [] } = useModels();
  const close = () => setShown(null);
  const copyRich = async () => {
    try {
      const { copyRich: copy } = await import("./copy-rich.ts");
      await copy(message.content);
      notify({ text: t("ui.copied") });
    } catch {
      notify({ text: t("ui.notCopied"), isProblem: true });
    }
  };
  const canCopyRich = typeof ClipboardItem !== "undefined" && navigator.clipboard !== undefined;
  return (
    <>
      <Menu
        label={t("reply.menu")}
        placement="top-start"
        button={
          <IconButton label={t("reply.menu")}>
            <Ellipsis size={16} aria-hidden />
          </IconButton>
        }
      >
        {message.content !== "" && canCopyRich && (
          <MenuItem icon={<Type size={16} />} onSelect={() => void copyRich()}>
            {t("reply.copyRich")}
          </MenuItem>
        )}
        {message.content !== "" && (
          <MenuItem icon={<TextQuote size={16} />} onSelect={() => actions.quote(message.content)}>
            {t("reply.quoteAll")}
          </MenuItem>
        )}
        {models.length > 1 && (
          <MenuItem icon={<ListRestart size={16} />} onSelect={() => setShown("model")}>
            {t("reply.otherModel")}
          </MenuItem>
        )}
        {account.can_share && (
          <MenuItem icon={<Share2 size={16} />} onSelect={() => setShown("share")}>
            {t("share.upTo")}
          </MenuItem>
        )}
        <MenuItem icon={<Info size={16} />} onSelect={() => setShown("details")}>
          {t("chat.details")}
        </MenuItem>
      </Menu>
      {shown === "share" && (
        <ShareWindow
          conversationId={message.conversation_id}
          messageId={message.id}
          onClose={close}
        />
      )}
      {shown && shown !== "share" && (
        <Boundary
          fallback={null}
          onFailure={() => {
            close();
            tellNotShown();
          }}
        >
          <Suspense>
            {shown === "details" ? (
              <DetailsDialog message={message} onClose={close} />
            ) : (
              <ModelDialog
                message={message}
                onPick={(model) => {
                  close();
                  actions.retry(message, model);
                }}
                onClose={close}
              />
            )}
          </Suspense>
        </Boundary>
      )}
    </>
  );
}
