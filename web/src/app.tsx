import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { Link, Route, Router, Switch, useRoute } from "wouter";
import { ChatPage } from "./chat/chat-page.tsx";
import { Frame } from "./frame.tsx";
import { SessionGate, useSessionState } from "./session/session.tsx";
import { Entrance } from "./session/sign-in.tsx";
import { APP_PATH } from "./settings.ts";
import { PageFrame } from "./ui/page-frame.tsx";
import { SidebarStateProvider } from "./ui/sidebar-state.tsx";
import { WindowsProvider } from "./ui/windows.tsx";
import { VoiceProvider } from "./voice/voice-provider.tsx";
import { WorkspaceProvider } from "./workspace.tsx";

const ArchivedPage = lazy(() => import("./conversations/archived/archived-page.tsx"));
const AgentsPage = lazy(() => import("./agents/agents-page.tsx"));
const QuestionsPage = lazy(() => import("./asks/questions-page.tsx"));
const KeysPage = lazy(() => import("./keys/keys-page.tsx"));
const ProjectPage = lazy(() => import("./projects/project-page.tsx"));
const ProjectsPage = lazy(() => import("./projects/projects-page.tsx"));
const SettingsPage = lazy(() => import("./settings/settings-page.tsx"));
const LinksPage = lazy(() => import("./sharing/links-page.tsx"));
const SourcesPage = lazy(() => import("./sources/sources-page.tsx"));
const StatusPage = lazy(() => import("./status/status-page.tsx"));

export function App() {
  const state = useSessionState();
  if (state.kind !== "in") return <Entrance state={state} />;
  return (
    <SessionGate state={state}>
      <Router base={APP_PATH.replace(/\/$/, "")}>
        <WorkspaceProvider>
          <VoiceProvider>
            <SidebarStateProvider>
              <WindowsProvider>
                <Pages />
              </WindowsProvider>
            </SidebarStateProvider>
          </VoiceProvider>
        </WorkspaceProvider>
      </Router>
    </SessionGate>
  );
}

function Pages() {
  const { t } = useTranslation();
  const [isConversation, parameters] = useRoute("/c/:conversationId");
  const [isBeginning] = useRoute("/");
  const conversationId = isConversation ? parameters.conversationId : null;
  return (
    <Frame currentId={conversationId}>
      {isConversation || isBeginning ? (
        // One and the same page, so that nothing is lost where a new conversation gets its id.
        <ChatPage conversationId={conversationId} />
      ) : (
        <Switch>
          <Route path="/agents" component={AgentsPage} />
          <Route path="/archived" component={ArchivedPage} />
          <Route path="/projects" component={ProjectsPage} />
          <Route path="/projects/:projectId" component={ProjectPage} />
          <Route path="/questions" component={QuestionsPage} />
          <Route path="/status" component={StatusPage} />
          <Route path="/keys" component={KeysPage} />
          <Route path="/sources" component={SourcesPage} />
          <Route path="/settings/:section?" component={SettingsPage} />
          <Route path="/links" component={LinksPage} />
          <Route>
            <PageFrame title={t("app.notFound")}>
              <p>{t("app.notFoundText")}</p>
              <p>
                <Link href="/">{t("app.home")}</Link>
              </p>
            </PageFrame>
          </Route>
        </Switch>
      )}
    </Frame>
  );
}
