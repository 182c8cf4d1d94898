import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link, Route, Router, Switch } from "wouter";
import { ChatPage } from "./chat/chat-page.tsx";
import { SessionGate, useSessionState } from "./session/session.tsx";
import { Entrance } from "./session/sign-in.tsx";
import { VoiceProvider } from "./voice/voice-provider.tsx";

const StatusPage = lazy(() => import("./status/status-page.tsx"));

export function App() {
  const { t } = useTranslation();
  const state = useSessionState();
  if (state.kind !== "in") return <Entrance state={state} />;
  return (
    <SessionGate state={state}>
      <Router base={import.meta.env.BASE_URL.replace(/\/$/, "")}>
        <VoiceProvider>
          <Suspense fallback={<p role="status">{t("session.starting")}</p>}>
            <Switch>
              <Route path="/status">
                <StatusPage />
              </Route>
              <Route path="/c/:conversationId">
                {({ conversationId }) => <ChatPage conversationId={conversationId} />}
              </Route>
              <Route path="/">
                <ChatPage conversationId={null} />
              </Route>
              <Route>
                <main>
                  <h1>{t("app.notFound")}</h1>
                  <Link href="/">{t("app.home")}</Link>
                </main>
              </Route>
            </Switch>
          </Suspense>
        </VoiceProvider>
      </Router>
    </SessionGate>
  );
}
