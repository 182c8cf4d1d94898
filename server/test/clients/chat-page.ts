// The page of the browser tests, written as docs/clients/use-chat.md tells it: useChat of one version of the AI SDK,
// against a server of another origin. Its address says which: ?version=&id=&user=&server=

import * as sdk5 from "ai-5";
import * as sdk6 from "ai-6";
import * as sdk7 from "ai-7";
import * as react5 from "ai-sdk-react-5";
import * as react6 from "ai-sdk-react-6";
import * as react7 from "ai-sdk-react-7";
import { type FormEvent, createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";

type Sdk = typeof sdk7 & typeof react7;
const SDKS = {
  5: { ...sdk5, ...react5 } as unknown as Sdk,
  6: { ...sdk6, ...react6 } as unknown as Sdk,
  7: { ...sdk7, ...react7 },
};
type Messages = ReturnType<typeof react7.useChat>["messages"];

const asked = new URLSearchParams(window.location.search);
const id = asked.get("id") ?? "";
const server = asked.get("server") ?? "";
const headers = { authorization: "Bearer local", "x-user-id": asked.get("user") ?? "" };
const sdk = SDKS[Number(asked.get("version")) as keyof typeof SDKS];
const chatUrl = `${server}/api/chat/${encodeURIComponent(id)}`;
const tools = { weather: { description: "The weather", parameters: { type: "object" } } };
const transport = new sdk.DefaultChatTransport({
  api: `${server}/api/chat`,
  headers,
  body: { tools },
});

async function storedMessages(): Promise<Messages> {
  const answer = await fetch(chatUrl, { headers });
  return answer.ok ? (await answer.json()).messages : [];
}

const textOf = (part: Messages[number]["parts"][number]): string => {
  if (part.type === "text") return part.text;
  if (part.type === "file") return `[${part.mediaType}]`;
  return part.type === "tool-weather" && "output" in part ? `[${String(part.output)}]` : "";
};

type ChatProps = { readonly messages: Messages; readonly reload: () => unknown };

function Chat({ messages, reload }: ChatProps) {
  const [text, setText] = useState("");
  const [files, setFiles] = useState<FileList | null>(null);
  const chat = sdk.useChat({
    id,
    messages,
    resume: true,
    transport,
    sendAutomaticallyWhen: sdk.lastAssistantMessageIsCompleteWithToolCalls,
    onToolCall({ toolCall: { toolCallId } }) {
      void chat.addToolOutput({ tool: "weather", toolCallId, output: "sunny" });
    },
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    void chat.sendMessage({ text, ...(files && { files }) });
    setText("");
    setFiles(null);
  };
  const stop = () => void fetch(`${chatUrl}/stream`, { method: "DELETE", headers });
  const button = (name: string, onClick: () => unknown) =>
    h("button", { onClick, type: "button" }, name);
  return h(
    "main",
    { "data-status": chat.status },
    chat.messages.map((message) =>
      h("article", { key: message.id, "data-role": message.role }, message.parts.map(textOf)),
    ),
    h(
      "form",
      { onSubmit: send },
      h("input", {
        "aria-label": "Message",
        value: text,
        onChange: (event: { target: HTMLInputElement }) => setText(event.target.value),
      }),
      h("input", {
        "aria-label": "Picture",
        type: "file",
        onChange: (event: { target: HTMLInputElement }) => setFiles(event.target.files),
      }),
    ),
    chat.error && h("p", { role: "alert" }, chat.error.message),
    button("Stop", stop),
    button("Try again", () => chat.regenerate()),
    button("Reconnect", reload),
  );
}

/** Begins anew with what is stored, as a page that is loaded again does. */
function Page({ messages }: { readonly messages: Messages }) {
  const [shown, setShown] = useState({ key: 0, messages });
  const reload = async () => {
    const stored = await storedMessages();
    setShown(({ key }) => ({ key: key + 1, messages: stored }));
  };
  return h(Chat, { ...shown, reload });
}

createRoot(document.body).render(h(Page, { messages: await storedMessages() }));
