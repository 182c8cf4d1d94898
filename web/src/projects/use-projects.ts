import type { Project } from "@colloquy/client";
import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/session.tsx";

export const projectsKey = ["projects"] as const;

/** The person's projects, oldest first. */
export function useProjects() {
  const { client } = useSession();
  return useQuery<Project[]>({
    queryKey: projectsKey,
    queryFn: ({ signal }) => client.projects.list({ signal }),
    refetchOnWindowFocus: "always",
  });
}
