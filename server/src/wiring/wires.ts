import { audioWire } from "../dialects/audio/index.ts";
import type { AudioParts } from "../dialects/audio/parts.ts";
import { chatWire } from "../dialects/chat/index.ts";
import type { ChatSocketParts } from "../dialects/chat/parts.ts";
import { chatV1Wire } from "../dialects/chat-v1/index.ts";
import type { ChatV1Parts } from "../dialects/chat-v1/parts.ts";
import { completionsWire } from "../dialects/completions/index.ts";
import type { CompletionsParts } from "../dialects/completions/parts.ts";
import { conversationsWire } from "../dialects/conversations/index.ts";
import type { ConversationsParts } from "../dialects/conversations/parts.ts";
import { dialogixWire } from "../dialects/dialogix/index.ts";
import type { DialogixParts } from "../dialects/dialogix/parts.ts";
import { mcpWire } from "../dialects/mcp/index.ts";
import type { McpParts } from "../dialects/mcp/parts.ts";
import { messagesWire } from "../dialects/messages/index.ts";
import type { MessagesParts } from "../dialects/messages/parts.ts";
import { type OperationsParts, operationsWire } from "../dialects/operations/index.ts";
import { realtimeWire } from "../dialects/realtime/index.ts";
import type { RealtimeParts } from "../dialects/realtime/parts.ts";
import { responsesWire } from "../dialects/responses/index.ts";
import type { ResponsesParts } from "../dialects/responses/parts.ts";
import { type SignInParts, signInWire } from "../dialects/sign-in/index.ts";
import { uiWire } from "../dialects/ui/index.ts";
import type { UiParts } from "../dialects/ui/parts.ts";
import { voiceWire } from "../dialects/voice/index.ts";
import type { VoiceParts } from "../dialects/voice/parts.ts";
import { type WebParts, webPages } from "../dialects/web/index.ts";
import type { Wire } from "../http/wire.ts";

/** Everything that wires ask of the core; each takes what it needs. */
export type WireParts = AudioParts &
  ChatSocketParts &
  ChatV1Parts &
  CompletionsParts &
  ConversationsParts &
  DialogixParts &
  McpParts &
  MessagesParts &
  OperationsParts &
  RealtimeParts &
  UiParts &
  ResponsesParts &
  SignInParts &
  VoiceParts &
  WebParts;

/** Makes a wire; null where it has nothing to serve. */
export type MakeWire = (parts: WireParts) => Wire | null;

/** The wires of this server, in any order: a line for each. */
export const WIRES: readonly MakeWire[] = [
  audioWire,
  chatWire,
  chatV1Wire,
  completionsWire,
  conversationsWire,
  dialogixWire,
  mcpWire,
  messagesWire,
  operationsWire,
  realtimeWire,
  uiWire,
  responsesWire,
  signInWire,
  voiceWire,
  webPages,
];
