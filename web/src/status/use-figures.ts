import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useSession } from "../session/session.tsx";
import { type Snapshot, snapshotOf, withSnapshot } from "./figures.ts";
import { readMetrics } from "./prometheus.ts";

const EVERY_MS = 3000;
const HEALTH_EVERY_MS = 10_000;
const MODELS_EVERY_MS = 60_000;

/** The server's figures, asked for again and again while the page is seen. */
export function useFigures() {
  const { client } = useSession();
  const { data, error, isFetching } = useQuery({
    queryKey: ["metrics"],
    queryFn: async ({ signal }) => {
      const metrics = readMetrics(await client.metrics({ signal }));
      return { metrics, snapshot: snapshotOf(metrics, Date.now()) };
    },
    refetchInterval: EVERY_MS,
    staleTime: 0,
  });
  const snapshot = data?.snapshot;
  const [history, setHistory] = useState<readonly Snapshot[]>([]);
  useEffect(() => {
    if (snapshot) setHistory((before) => withSnapshot(before, snapshot));
  }, [snapshot]);
  return { metrics: data?.metrics ?? null, history, error, isFetching };
}

export function useHealth() {
  const { client } = useSession();
  return useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => client.health({ signal }),
    refetchInterval: HEALTH_EVERY_MS,
  });
}

export function useModelList() {
  const { client } = useSession();
  return useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => client.models.list({ signal }),
    refetchInterval: MODELS_EVERY_MS,
  });
}
