// The ui wire through the unmodified useChat of ai 5, 6 and 7 with @ai-sdk/react.
// Backends: replicas
// Runs: apart
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, describe, test } from "node:test";
import type { UIMessage } from "ai-7";
import { BACKEND, startServer } from "../start-server.ts";
import { send } from "../wire-client.ts";
import { openPage, saidOn, VERSIONS, wordsOf } from "./use-chat.ts";
import { callScript } from "./use-chat-scripts.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());

const newUser = () => {
  const user = randomUUID();
  const headers = { authorization: "Bearer local", "x-user-id": user };
  return {
    user,
    headers,
    get: (path: string) => send(server, "GET", path, undefined, headers),
    /** The conversation as wire 004 shows it. */
    async stored(): Promise<{ id: string; said: string[] }> {
      const list = await send(server, "GET", "/v1/chat/conversations", undefined, headers);
      const [{ id }] = list.body.data;
      const path = `/v1/chat/conversations/${id}/messages`;
      const { body } = await send(server, "GET", path, undefined, headers);
      return {
        id,
        said: body.data.map(({ role, content }: Record<string, string>) => `${role}: ${content}`),
      };
    },
  };
};
const lastRequest = () => server.model.requests.at(-1)?.body?.messages ?? [];

/** Which of its versions asks is nothing that replicas could tell apart. */
const TRIED = BACKEND === "sqlite" ? VERSIONS : VERSIONS.slice(-1);

for (const version of TRIED)
  describe(`ai ${version}`, () => {
    const open = (
      { user }: { user: string },
      id: string,
      more: Partial<Parameters<typeof openPage>[1]> = {},
    ) => openPage(version, { url: server.url, user, id, ...more });

    test(`[UI1] [UI2] [UI3] ai ${version}: a message is sent, its reply streamed, and both are stored under the page's names`, async () => {
      const user = newUser();
      using page = open(user, "chat-1");
      await page.say('{{reply text="One two three." reasoning="Let me see."}}');
      await page.settled();
      assert.equal(page.chat.error, undefined);
      const [question, answer] = page.chat.messages;
      assert.ok(question && answer);
      assert.equal(wordsOf(answer), "One two three.");
      assert.ok(
        answer.parts.some((part) => part.type === "reasoning" && part.text === "Let me see."),
      );
      assert.ok(answer.parts.every((part) => !("state" in part) || part.state === "done"));
      const { metadata } = answer as { metadata?: Record<string, unknown> };
      assert.equal(metadata?.model, "scripted");
      const { id, said } = await user.stored();
      assert.equal(metadata?.conversationId, id);
      assert.equal(said[1], "assistant: One two three.");
      const shown = await user.get("/api/chat/chat-1");
      assert.equal(shown.body.id, "chat-1");
      assert.deepEqual(
        shown.body.messages.map((message: UIMessage) => message.id),
        [question.id, answer.id],
      );
      const stored = await user.get(`/v1/chat/messages/${answer.id}`);
      assert.equal(stored.body.data.content, "One two three.");
    });

    test(`[UI4] ai ${version}: a conversation goes on; what is stored is what is new`, async () => {
      const user = newUser();
      using page = open(user, "chat-2");
      for (const text of ["First", "Second", "Third"]) {
        await page.say(text);
        await page.settled();
      }
      const expected = ["First", "Second", "Third"].flatMap((text) => [
        `user: ${text}`,
        `assistant: Echo: ${text}`,
      ]);
      assert.deepEqual(saidOn(page), expected);
      assert.deepEqual((await user.stored()).said, expected);
      assert.deepEqual(
        lastRequest().map(({ content }) => content),
        ["First", "Echo: First", "Second", "Echo: Second", "Third"],
      );
    });

    test(`[UI4] ai ${version}: a reply is given anew, and an edited message begins a branch; nothing is lost`, async () => {
      const user = newUser();
      using page = open(user, "chat-3");
      await page.say("Tell me");
      await page.settled();
      const [question, first] = page.chat.messages;
      server.model.next({ text: "Another answer" });
      await page.chat.regenerate();
      await page.settled();
      assert.deepEqual(saidOn(page), ["user: Tell me", "assistant: Another answer"]);
      const second = page.chat.messages[1];
      assert.ok(question && first && second);
      assert.notEqual(second.id, first.id);
      await page.chat.sendMessage({ text: "Tell me more", messageId: question.id });
      await page.settled();
      assert.deepEqual(saidOn(page), ["user: Tell me more", "assistant: Echo: Tell me more"]);
      await page.say("And then?");
      await page.settled();
      const expected = saidOn(page);
      assert.equal(expected.length, 4);
      const { id, said } = await user.stored();
      assert.deepEqual(said, expected);
      const path = `/v1/chat/conversations/${id}/messages?versions=1`;
      const [edited] = (await user.get(path)).body.data;
      assert.equal(edited.versions.ids.length, 2);
      for (const one of [first, second])
        assert.equal((await user.get(`/v1/chat/messages/${one.id}`)).status, 200);
      const shown = await user.get("/api/chat/chat-3");
      assert.deepEqual(
        shown.body.messages.map((message: UIMessage) => message.id),
        page.chat.messages.map((message) => message.id),
      );
    });

    test(`[UI5] [UI6] ai ${version}: pages that are loaded while a reply runs show it from its start to its end`, async () => {
      const user = newUser();
      const before = await user.get("/api/chat/chat-4/stream");
      assert.equal(before.status, 204);
      using page = open(user, "chat-4");
      await page.say("Hello");
      await page.settled();
      const question = page.say('{{reply text="alpha bravo charlie delta" hold=2}}');
      await page.until(
        ({ messages }) => messages.length === 4 && saidOn(page)[3]!.includes("bravo"),
      );
      const { messages } = (await user.get("/api/chat/chat-4")).body;
      assert.equal(messages.length, 3);
      const reloaded = [1, 2].map(() => open(user, "chat-4", { messages, resume: true }));
      for (const other of reloaded)
        await other.until(() => saidOn(other)[3]?.includes("bravo") === true);
      server.model.release();
      await question;
      for (const other of [page, ...reloaded]) {
        await other.until(
          ({ status }) => status === "ready" && saidOn(other)[3]?.includes("delta") === true,
        );
        assert.equal(saidOn(other)[3], "assistant: alpha bravo charlie delta");
        assert.equal(other.chat.messages[3]?.id, page.chat.messages[3]?.id);
        assert.equal(other.chat.messages.length, 4);
      }
      for (const other of reloaded) other.close();
      assert.equal((await user.get("/api/chat/chat-4/stream")).status, 204);
    });

    test(`[UI5] ai ${version}: a page that stops or goes away stops nothing; DELETE does, and keeps what was said`, async () => {
      const user = newUser();
      using page = open(user, "chat-5");
      const said = page.say('{{reply text="alpha bravo charlie" hold=1}} One');
      await page.until(() => saidOn(page)[1]?.includes("alpha") === true);
      await page.chat.stop();
      await said;
      // The next message waits for the reply that goes on.
      const next = page.say('{{reply text="alpha bravo charlie" hold=1}} Two');
      await page.until(({ messages }) => messages.length === 4);
      server.model.release();
      await page.until(() => saidOn(page)[3]?.includes("alpha") === true);
      const stopped = await send(
        server,
        "DELETE",
        "/api/chat/chat-5/stream",
        undefined,
        user.headers,
      );
      assert.deepEqual(stopped.body, { stopped: true });
      await next;
      await page.settled();
      assert.equal(page.chat.status, "ready");
      const stored = await user.stored();
      assert.deepEqual(
        stored.said.map((it) => it.replace(/\{\{.*\}\} /, "")),
        ["user: One", "assistant: alpha bravo charlie", "user: Two", "assistant: alpha "],
      );
      const shown = (await user.get("/api/chat/chat-5")).body.messages;
      assert.equal(shown[3].metadata.status, "interrupted");
    });

    test(`[UI7] ai ${version}: the page's tools are asked, and the same message goes on with what they gave`, async () => {
      const user = newUser();
      const tools = { weather: (input: unknown) => ({ degrees: 20, ...(input as object) }) };
      const offered = {
        weather: { description: "The weather", parameters: { type: "object", properties: {} } },
      };
      using page = open(user, "chat-6", { tools, body: { tools: offered } });
      server.model.next(callScript("weather", '{"city":"Berlin"}'), { text: "It is 20 degrees." });
      await page.say("What is the weather?");
      await page.until(
        ({ status }) => status === "ready" && saidOn(page)[1]?.includes("degrees") === true,
      );
      assert.equal(page.seen.toolCalls, 1);
      assert.equal(page.chat.messages.length, 2);
      const answer = page.chat.messages[1];
      assert.ok(answer);
      const kinds = answer.parts.map(({ type }) => type);
      assert.deepEqual(kinds, ["step-start", "text", "tool-weather", "step-start", "text"]);
      const [asked] = server.model.requests.slice(-2);
      assert.match(JSON.stringify(asked?.body?.tools), /"name":"weather"/);
      const told = lastRequest();
      assert.deepEqual(
        told.map(({ role }) => role),
        ["user", "assistant", "tool"],
      );
      assert.deepEqual(JSON.parse(told[2]?.content ?? ""), { degrees: 20, city: "Berlin" });
      const shown = (await user.get("/api/chat/chat-6")).body.messages;
      const withoutState = (parts: object[]) =>
        parts.map((part) => JSON.parse(JSON.stringify({ ...part, state: undefined })));
      assert.equal(shown[1].id, answer.id);
      assert.deepEqual(
        shown[1].parts.map(({ type }: { type: string }) => type),
        kinds,
      );
      assert.deepEqual(
        withoutState([shown[1].parts[2]])[0].output,
        withoutState([answer.parts[2] as object])[0].output,
      );
      await page.say("Thanks");
      await page.until(({ status, messages }) => status === "ready" && messages.length === 4);
      const roles = lastRequest().map(({ role }) => role);
      assert.deepEqual(roles, ["user", "assistant", "tool", "assistant", "user"]);
    });

    test(`[UI5] [UI7] ai ${version}: a page that is loaded while a message goes on after a tool shows all of it, and runs no tool again`, async () => {
      const user = newUser();
      const tools = { weather: () => "sunny" };
      const body = { tools: { weather: { parameters: { type: "object" } } } };
      using page = open(user, "chat-7", { tools, body });
      server.model.next(callScript("weather", '{"city":"Berlin"}'), {
        text: "alpha bravo charlie",
        hold: 1,
      });
      const said = page.say("What is the weather?");
      await page.until(() => saidOn(page)[1]?.includes("alpha") === true);
      const { messages } = (await user.get("/api/chat/chat-7")).body;
      using other = open(user, "chat-7", { tools, body, messages, resume: true });
      await other.until(() => saidOn(other)[1]?.includes("alpha") === true);
      server.model.release();
      for (const one of [page, other]) {
        await one.until(
          ({ status }) => status === "ready" && saidOn(one)[1]?.includes("charlie") === true,
        );
        assert.equal(saidOn(one)[1], "assistant: Let me look. alpha bravo charlie");
        assert.equal(one.chat.messages.length, 2);
        assert.equal(one.chat.messages[1]?.id, page.chat.messages[1]?.id);
      }
      await said;
      assert.equal(other.seen.toolCalls, 0);
    });

    test(`[UI7] ai ${version}: a picture is shown to the model, and sent once`, async () => {
      const user = newUser();
      using page = open(user, "chat-8");
      const png =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
      const file = {
        type: "file",
        mediaType: "image/png",
        filename: "dot.png",
        url: `data:image/png;base64,${png}`,
      } as const;
      await page.until(({ status }) => status === "ready");
      await page.chat.sendMessage({ text: "What is this?", files: [file] });
      await page.settled();
      assert.equal(page.chat.error, undefined);
      assert.match(
        JSON.stringify(lastRequest()),
        new RegExp(png.slice(0, 40).replaceAll("+", "\\+")),
      );
      await page.say("And now?");
      await page.settled();
      const { id, said } = await user.stored();
      assert.equal(said.length, 4, "the message with the picture is known again");
      const shown = (await user.get("/api/chat/chat-8")).body.messages;
      const [text, picture] = shown[0].parts;
      assert.equal(text.text, "What is this?");
      assert.equal(picture.mediaType, "image/png");
      const bytes = await fetch(`${server.url}${picture.url}`, { headers: user.headers });
      assert.equal(Buffer.from(await bytes.arrayBuffer()).toString("base64"), png);
      using reloaded = open(user, "chat-8", { messages: shown });
      await reloaded.say("Still there?");
      await reloaded.settled();
      assert.equal((await user.stored()).said.length, 6);
      assert.equal((await user.stored()).id, id);
    });

    test(`[UI2] [UI8] ai ${version}: what fails is told in words for the user`, async () => {
      const user = newUser();
      using page = open(user, "chat-9");
      await page.say("{{reply tokens=4 error=2}}");
      await page.until(({ status }) => status === "error");
      assert.match(page.chat.error?.message ?? "", /^[A-Z].*model.*/i);
      assert.doesNotMatch(page.chat.error?.message ?? "", /Upstream|[{}]/);
      using refused = open(user, "chat-10", { body: { model: 5 } });
      await refused.say("Hi");
      await refused.until(({ status }) => status === "error");
      const { error } = JSON.parse(refused.chat.error?.message ?? "");
      assert.equal(error.field, "model");
      assert.equal(error.code, "invalid_request");
    });

    test(`[UI1] [UI4] ai ${version}: a page that sends its newest message alone goes on from the end`, async () => {
      const user = newUser();
      using page = open(user, "chat-11", { sendsNewestAlone: true });
      for (const text of ["First", "Second"]) {
        await page.say(text);
        await page.settled();
      }
      server.model.next({ text: "Anew" });
      await page.chat.regenerate();
      await page.settled();
      const expected = ["user: First", "assistant: Echo: First", "user: Second", "assistant: Anew"];
      assert.deepEqual(saidOn(page), expected);
      assert.deepEqual((await user.stored()).said, expected);
    });
  });
