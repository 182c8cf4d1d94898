import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { startTranslation } from "./i18n/index.ts";
import { watchInstallation } from "./install/installed.ts";
import { NotShown } from "./not-shown.tsx";
import { applyTheme, storedTheme } from "./settings/theme.ts";
import { APP_PATH } from "./settings.ts";
import { sharedToken } from "./sharing/shared-token.ts";
import { Boundary } from "./ui/boundary.tsx";

// The SDK tries again by itself; what it gives up on is shown.
const queries = new QueryClient({
  defaultOptions: { queries: { retry: false, staleTime: 5_000 }, mutations: { retry: false } },
});

const SharedPage = lazy(() => import("./sharing/shared-page.tsx"));
const InvitationPage = lazy(() => import("./session/invitation-page.tsx"));
const shared = sharedToken(location.pathname);
const page =
  shared !== null ? (
    <SharedPage token={shared} />
  ) : location.pathname === `${APP_PATH}invitation` ? (
    <InvitationPage />
  ) : null;

applyTheme(storedTheme());
if (page === null) watchInstallation();
// Browsers look for it anew, relative to the address that the page has by then.
for (const icon of document.querySelectorAll<HTMLLinkElement>('link[rel="icon"]'))
  icon.href = `${APP_PATH}icon.svg`;
await startTranslation();
const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Boundary
          fallback={
            <main>
              <h1>Colloquy</h1>
              <NotShown />
            </main>
          }
        >
          {page ? <Suspense>{page}</Suspense> : <App />}
        </Boundary>
      </QueryClientProvider>
    </StrictMode>,
  );
