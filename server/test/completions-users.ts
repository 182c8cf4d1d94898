// Users whose completions are kept.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { startServer } from "./start-server.ts";
import { send } from "./wire-client.ts";

type TestServer = Awaited<ReturnType<typeof startServer>>;

export type Said = readonly [role: string, content: string];
export const messagesOf = (said: readonly Said[]) =>
  said.map(([role, content]) => ({ role, content }));

/** Makes users of their own, with what they can do. @param actingKey a key that may act for others */
export const usersOf = (server: TestServer, actingKey: string) => () => {
  const userId = randomUUID();
  const headers = { authorization: `Bearer ${actingKey}`, "x-user-id": userId };
  const complete = (body: object, more: Record<string, string> = {}) =>
    send(
      server,
      "POST",
      "/v1/chat/completions",
      { model: "scripted", ...body },
      { ...headers, ...more },
    );
  const get = async (path: string) => (await send(server, "GET", path, undefined, headers)).body;
  return {
    userId,
    headers,
    complete,
    /** Sends that history to the conversation of that name. */
    async say(name: string, said: readonly Said[], reply?: string) {
      if (reply !== undefined) server.model.next({ text: reply });
      const answer = await complete({ messages: messagesOf(said) }, { "x-conversation-id": name });
      assert.equal(answer.status, 200, answer.text);
      return answer;
    },
    /** The ids of this user's conversations, as wire 004 lists them. */
    conversations: async () =>
      (await get("/v1/chat/conversations")).data.map(({ id }: { id: string }) => id) as string[],
    /** What wire 004 shows of that one, or of its branch. */
    async shown(id: string, branch?: number): Promise<Said[]> {
      const query = branch === undefined ? "" : `?branch=${branch}`;
      const { data } = await get(`/v1/chat/conversations/${id}/messages${query}`);
      return data.map(({ role, content }: { role: string; content: string }) => [role, content]);
    },
    get,
  };
};
export const uuidOf = (header: string | null) => {
  const [, ...groups] =
    /^\w+_(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/.exec(header ?? "") ?? assert.fail(String(header));
  return groups.join("-");
};
export const conversationOf = ({ headers }: { readonly headers: Headers }) =>
  uuidOf(headers.get("x-conversation-id"));
