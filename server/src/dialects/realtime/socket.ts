import type { Visitor } from "../../core/access/access.ts";
import type { TurnTarget } from "../../core/turns/turn.ts";
import { SECRET_PREFIX } from "../../domain/access.ts";
import { AppError } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import { speakerOf } from "../../domain/principal.ts";
import type { Handshake, Socket, SocketHandler } from "../../http/socket.ts";
import { headerText, userInHeaders } from "../openai/admission.ts";
import { AGENT_PREFIX, agentNamed } from "../openai/agents.ts";
import { errorOf, errorReply, noSuchModel, notHere } from "../openai/errors.ts";
import { fieldsOf, invalid } from "../openai/fields.ts";
import { uuidIn } from "../openai/ids.ts";
import { keepWhatCanBe } from "../openai/kept-files.ts";
import { type ConnectionParts, serveConnection } from "./connection.ts";
import { contextOf } from "./context.ts";
import { ORIGIN, type RealtimeParts } from "./parts.ts";
import { DEFAULT_SETTINGS, withSession } from "./settings.ts";

/** A session's largest event is 15 MiB of sound in base64. */
const MAX_MESSAGE_BYTES = 21 * 1024 * 1024;

/** OpenAI's Realtime API over a WebSocket. */
export function realtimeSocket(parts: RealtimeParts): SocketHandler {
  return {
    matches: ({ pathname }) => pathname === "/v1/realtime",
    maxMessageBytes: MAX_MESSAGE_BYTES,
    subprotocol: "realtime",
    errorReply,
    async accept(handshake) {
      const { connection, url } = handshake;
      checkForm(handshake);
      const { credential, settings, model } = await shownBy(parts, handshake);
      const visitor: Visitor = {
        connection,
        credential,
        requiresBearer: true,
        isOpenWire: false,
        ignoresOtherUsers: true,
      };
      const claims = userInHeaders(handshake);
      const principal = (await parts.decide(visitor))(claims);
      const admitTurn = async () => {
        const { limit, tokensLeft } = await (await parts.admit(ORIGIN, visitor))(claims);
        const entries = [
          ["requests", limit],
          ["tokens", await tokensLeft()],
        ] as const;
        return entries.flatMap(([name, state]) =>
          state
            ? [
                {
                  name,
                  limit: state.limit,
                  remaining: state.remaining,
                  reset_seconds: state.resetMs / 1000,
                },
              ]
            : [],
        );
      };
      const chosen = await chosenModel(parts, principal, url.searchParams.get("model") ?? model);
      const talk = await conversationFor(parts, principal, handshake, chosen.agentId);
      const open = (socket: Socket) => {
        const serve = serveConnection(
          {
            ...parts,
            ...chosen,
            ...talk,
            owner: speakerOf(principal),
            keepFiles: (sent) => keepWhatCanBe(parts.files, principal, sent),
            admitTurn,
            settings,
          },
          socket,
        );
        const decoder = new TextDecoder();
        return (message: string | Uint8Array) =>
          serve(typeof message === "string" ? message : decoder.decode(message));
      };
      const errorMessage = (error: AppError) =>
        JSON.stringify({
          type: "error",
          event_id: `event_${parts.newId().replaceAll("-", "")}`,
          error: { ...errorOf(error), event_id: null },
        });
      return { principal, errorMessage, open };
    },
  };
}

/** The credential of a handshake; a client secret brings the settings of its session with it. @throws AppError unauthenticated */
async function shownBy({ tickets }: RealtimeParts, { credential }: Handshake) {
  if (credential.kind !== "bearer" || !credential.token.startsWith(SECRET_PREFIX))
    return { credential, settings: DEFAULT_SETTINGS, model: null };
  const advice = "POST /v1/realtime/client_secrets gives another";
  const opened = await tickets.openSecret(credential.token, advice);
  const session = fieldsOf(JSON.parse(opened.session), "session");
  return {
    credential: opened.credential,
    settings: withSession(DEFAULT_SETTINGS, session),
    model: session.string("model") ?? null,
  };
}

/** @throws OpenAiError for the forms of this API that are not served here */
function checkForm({ url, headers }: Handshake): void {
  const beta = headers["openai-beta"];
  if (typeof beta === "string" && /(?:^|,)\s*realtime=v1\s*(?:,|$)/.test(beta))
    throw notHere(
      "OpenAI-Beta",
      "The beta of the Realtime API is not served here. Leave the header OpenAI-Beta out, and send events of the general API (session.type 'realtime', output_modalities, audio.input, audio.output)",
    );
  if (url.searchParams.has("call_id"))
    throw notHere(
      "call_id",
      "Calls by WebRTC or SIP are not served here. Open a session with ?model=",
    );
  if (url.searchParams.has("intent"))
    throw notHere(
      "intent",
      "Sessions that only transcribe are not served here. Open one with ?model= and set turn_detection.create_response to false",
    );
}

type Chosen = Pick<
  ConnectionParts,
  "model" | "modelName" | "temperature" | "instructionsBefore" | "agentVoice"
> & { readonly agentId: string | null };

/** The model, or the agent, that the address names. @throws OpenAiError model_not_found */
async function chosenModel(
  { agents, models }: RealtimeParts,
  principal: Principal,
  named: string | null,
): Promise<Chosen> {
  const agent = await agentNamed(agents, principal, named);
  const isAgent = named?.startsWith(AGENT_PREFIX) ?? false;
  const model = isAgent ? (agent?.model ?? null) : named || null;
  try {
    await models.admit(model, principal.models, isAgent ? "the agent's" : "the");
  } catch (error) {
    if (model !== null && error instanceof AppError && error.code === "model_refused")
      throw noSuchModel(named ?? model);
    throw error;
  }
  return {
    model,
    modelName: named || models.nameOf(null),
    temperature: agent?.temperature ?? null,
    instructionsBefore: agent?.instructions ?? "",
    agentVoice: agent?.voice ?? null,
    agentId: agent?.id ?? null,
  };
}

/** The conversation that the address names, or a new one. @throws AppError not_found */
async function conversationFor(
  { conversations, files }: RealtimeParts,
  principal: Principal,
  { url, headers }: Handshake,
  agentId: string | null,
): Promise<Pick<ConnectionParts, "target" | "conversationId" | "context" | "lastMessageId">> {
  const named = [
    headerText(headers["x-conversation-id"]),
    url.searchParams.get("conversation") ?? undefined,
  ].filter((name) => name !== undefined);
  const [name, other] = named;
  if (other !== undefined && other !== name)
    throw invalid("conversation", "The header and the address name two different conversations.");
  if (name === undefined) {
    const conversation = conversations.draft(ORIGIN, { agentId });
    const target: TurnTarget = { kind: "new", conversation };
    return { target, conversationId: conversation.id, context: [], lastMessageId: null };
  }
  const conversationId = uuidIn("conv_", name);
  if (conversationId === null)
    throw invalid("conversation", "A conversation is named by its id: 'conv_' and 32 hex digits.");
  await conversations.get(principal, conversationId);
  const messages = await conversations.messages(principal, conversationId);
  return {
    target: { kind: "existing", conversationId },
    conversationId,
    context: await contextOf(files, principal, messages),
    lastMessageId: messages.at(-1)?.id ?? null,
  };
}
