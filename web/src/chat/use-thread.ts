import { ColloquyError, type Conversation } from "@colloquy/client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { conversationKey } from "../conversations/list-cache.ts";
import { useSession } from "../session/session.tsx";
import { useLiveReply, useWorkspace } from "../workspace.tsx";
import { loadNewest, type Thread, threadKey } from "./thread-cache.ts";

/** How often a page that is looked at asks whether another device has gone on. */
const POLL_MS = 5_000;

/** A conversation that was deleted elsewhere stays so; any other trouble passes. */
export const isGone = (error: unknown): boolean =>
  error instanceof ColloquyError && error.status === 404;

/** A conversation, kept as it is on the server. */
export function useConversation(conversationId: string | null) {
  const { client } = useSession();
  return useQuery<Conversation>({
    queryKey: conversationKey(conversationId ?? ""),
    queryFn: ({ signal }) => client.conversations.get(conversationId ?? "", { signal }),
    enabled: conversationId !== null,
    refetchInterval: ({ state }) => (isGone(state.error) ? false : POLL_MS),
    refetchOnWindowFocus: "always",
  });
}

/**
 * The messages of a conversation, kept as they are on the server: a change elsewhere is loaded, and
 * where the last message has no reply yet, the reply that may be running is watched.
 */
export function useThread(id: string | null) {
  const conversationId = id ?? "";
  const { client } = useSession();
  const { live, thread: cache } = useWorkspace();
  const { data: conversation } = useConversation(id);
  const query = useQuery<Thread>({
    queryKey: threadKey(conversationId),
    queryFn: ({ signal }) => loadNewest(client, conversationId, cache, signal),
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.error && !isGone(state.error) ? POLL_MS : false),
    refetchOnWindowFocus: "always",
    structuralSharing: false,
  });

  const phase = useLiveReply(conversationId)?.phase;
  // What is on its way to the server would be shown twice for a moment.
  const isSending = phase === "sending";
  const updatedAt = conversation?.updated_at;
  const seen = useRef(updatedAt);
  useEffect(() => {
    if (isSending) return;
    const isNews = seen.current !== undefined && updatedAt !== seen.current;
    seen.current = updatedAt;
    if (isNews) void cache.refresh(conversationId);
  }, [updatedAt, isSending, conversationId, cache]);

  const { dataUpdatedAt } = query;
  useEffect(() => {
    if (dataUpdatedAt) live.settle(conversationId);
  }, [dataUpdatedAt, conversationId, live]);

  const last = query.data?.messages.at(-1);
  const isUnanswered = last?.role === "user";
  useEffect(() => {
    if (isUnanswered && dataUpdatedAt) void live.watch(conversationId);
  }, [isUnanswered, dataUpdatedAt, conversationId, live]);

  return query;
}
