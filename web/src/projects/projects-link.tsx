import { Folder } from "lucide-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link, useRoute } from "wouter";
import { tellNotShown } from "../not-shown.tsx";
import { Boundary } from "../ui/boundary.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useProjects } from "./use-projects.ts";

const Folders = lazy(() => import("./folders.tsx"));

/** The way to the projects, and below it each of them as a folder. */
export function ProjectsLink({
  className,
  currentId,
}: {
  readonly className: string | undefined;
  readonly currentId: string | null;
}) {
  const { t } = useTranslation();
  const { done } = useSidebar();
  const [isHere] = useRoute("/projects");
  const hasProjects = (useProjects().data?.length ?? 0) > 0;
  return (
    <>
      <Link
        href="/projects"
        className={className}
        aria-current={isHere ? "page" : undefined}
        onClick={done}
      >
        <Folder size={18} aria-hidden /> {t("projects.title")}
      </Link>
      {hasProjects && (
        <Boundary place="" fallback={null} onFailure={tellNotShown}>
          <Suspense>
            <Folders currentId={currentId} />
          </Suspense>
        </Boundary>
      )}
    </>
  );
}
