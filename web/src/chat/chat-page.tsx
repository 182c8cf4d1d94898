import { useSession } from "../session/session.tsx";

/** One conversation, or the beginning of a new one. */
export function ChatPage({ conversationId }: { readonly conversationId: string | null }) {
  const { account } = useSession();
  return (
    <main>
      {conversationId} {account.user_id}
    </main>
  );
}
