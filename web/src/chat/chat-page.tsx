import { useLocation } from "wouter";
import { useSession } from "../session/session.tsx";
import { VoiceButton } from "../voice/voice-button.tsx";

/** One conversation, or the beginning of a new one. */
export function ChatPage({ conversationId }: { readonly conversationId: string | null }) {
  const { account } = useSession();
  const [, navigate] = useLocation();
  return (
    <main>
      {conversationId} {account.user_id}
      <VoiceButton
        conversationId={conversationId}
        onConversation={(id) => navigate(`/c/${id}`, { replace: true })}
      />
    </main>
  );
}
