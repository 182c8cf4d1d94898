import { lazy, Suspense } from "react";
import { tellNotShown } from "../not-shown.tsx";
import { Boundary } from "../ui/boundary.tsx";

const ShareDialog = lazy(() => import("./share-dialog.tsx"));

/** The window that makes a link, loaded when it is first opened. */
export function ShareWindow({
  conversationId,
  messageId,
  onClose,
}: {
  readonly conversationId: string;
  readonly messageId?: string;
  readonly onClose: () => void;
}) {
  return (
    <Boundary
      fallback={null}
      onFailure={() => {
        onClose();
        tellNotShown();
      }}
    >
      <Suspense>
        <ShareDialog conversationId={conversationId} messageId={messageId} onClose={onClose} />
      </Suspense>
    </Boundary>
  );
}
