// The unmodified useChat of three major versions of the AI SDK, in a page that jsdom is.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import type { UIMessage } from "ai-7";

const { JSDOM } = createRequire(import.meta.url)("jsdom");
const { window } = new JSDOM("<!doctype html>", { url: "http://localhost/" });
Object.assign(globalThis, { window, document: window.document });

// React looks for a document when it is loaded.
const { createElement, useEffect } = await import("react");
const { createRoot } = await import("react-dom/client");
const SDKS = {
  5: { ...(await import("ai-sdk-react-5")), ...(await import("ai-5")) },
  6: { ...(await import("ai-sdk-react-6")), ...(await import("ai-6")) },
  7: { ...(await import("ai-sdk-react-7")), ...(await import("ai-7")) },
};
export const VERSIONS = [5, 6, 7] as const;
export type Version = (typeof VERSIONS)[number];
type Sdk = (typeof SDKS)[7];
/** The versions differ in types that the tests do not touch. */
const sdkOf = (version: Version): Sdk => SDKS[version] as unknown as Sdk;
type Hook = ReturnType<Sdk["useChat"]>;

export type PageOptions = {
  readonly url: string;
  readonly user: string;
  readonly id: string;
  readonly messages?: readonly UIMessage[];
  readonly resume?: boolean;
  /** What the page's tools give; the reply goes on by itself then. */
  readonly tools?: Readonly<Record<string, (input: unknown) => unknown>>;
  /** Sent beside every message. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly sendsNewestAlone?: boolean;
};

/** A page with useChat, and what is shown on it. */
export function openPage(version: Version, options: PageOptions) {
  const sdk = sdkOf(version);
  const { url, user, id, messages = [], resume = false, tools = {}, body = {} } = options;
  const changes = new EventTarget();
  const seen = { messages: [] as string[], finished: 0, toolCalls: 0 };
  let shown: Hook | null = null;
  const hook = (): Hook => shown ?? assert.fail("the page is not shown yet");

  /** What React calls, each time that something has changed. */
  const page = () => {
    const chat = sdk.useChat({
      id,
      messages: [...messages],
      resume,
      transport: new sdk.DefaultChatTransport({
        api: `${url}/api/chat`,
        headers: { authorization: "Bearer local", "x-user-id": user },
        body,
        ...(options.sendsNewestAlone && {
          prepareSendMessagesRequest: ({ messages: all, ...rest }) => ({
            body: {
              ...body,
              id,
              message: all.at(-1),
              trigger: rest.trigger,
              messageId: rest.messageId,
            },
          }),
        }),
      }),
      sendAutomaticallyWhen: sdk.lastAssistantMessageIsCompleteWithToolCalls,
      onToolCall({ toolCall: { toolName, toolCallId, input } }) {
        seen.toolCalls++;
        const tool = tools[toolName];
        if (tool) void hook().addToolOutput({ tool: toolName, toolCallId, output: tool(input) });
      },
      onFinish: () => {
        seen.finished++;
      },
    });
    shown = chat;
    useEffect(() => {
      changes.dispatchEvent(new Event("change"));
    });
    return null;
  };
  const root = createRoot(window.document.createElement("div"));
  root.render(createElement(page));

  const until = async (is: (chat: Hook) => boolean): Promise<void> => {
    while (shown === null || !is(shown)) await once(changes, "change");
  };
  return {
    seen,
    get chat(): Hook {
      return hook();
    },
    /** Resolves once what is shown is so. */
    until,
    /** Resolves once nothing is under way. */
    async settled() {
      await until(({ status }) => status === "ready" || status === "error");
    },
    async say(text: string) {
      await until(({ status }) => status === "ready");
      await hook().sendMessage({ text });
    },
    close: () => root.unmount(),
    [Symbol.dispose]: () => root.unmount(),
  };
}
export type Page = ReturnType<typeof openPage>;

/** The words of a message. */
export const wordsOf = ({ parts }: UIMessage): string =>
  parts.map((part) => (part.type === "text" ? part.text : "")).join("");

/** What a page shows. */
export const saidOn = ({ chat }: Page): string[] =>
  chat.messages.map((message) => `${message.role}: ${wordsOf(message)}`);
