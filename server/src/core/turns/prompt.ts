import type { Agent } from "../../domain/agent.ts";
import { AppError } from "../../domain/errors.ts";
import { type Attachment, modelUseOf } from "../../domain/file.ts";
import type { Message } from "../../domain/message.ts";
import { type Part, textIn } from "../../domain/parts.ts";
import { beforeFilesOf, filesOf, type Project, toldOfProject } from "../../domain/project.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";

/** How much of a conversation a model is given. */
export type PromptBudget = {
  /** An upper bound to read from the store. */
  readonly maxCharacters: number;
  readonly maxTokens: number;
  /** Of that, what documents may take. */
  readonly documentTokens: number;
};

/** A message that a model is to be told, with the files that it has not been shown yet. */
export type ChosenMessage = {
  readonly role: Message["role"];
  readonly content: string;
  /** All of it, where the words are not all (ports/model.ts). */
  readonly parts?: readonly Part[];
  /** Absent: none. */
  readonly attachments?: readonly Attachment[];
};

const MAX_CHARACTERS_PER_TOKEN = 4;
const LATIN_CHARACTERS_A_TOKEN = 3.5;
/** Greek, Cyrillic, Hebrew, Arabic, accented letters. */
const OTHER_LETTERS_A_TOKEN = 2;
const FIRST_OTHER_CODE_UNIT = 0x80;
/** Indic scripts, Thai and all that follows them: a token a character. */
const FIRST_DENSE_CODE_UNIT = 0x800;
/** Punctuation and signs of Latin texts. */
const FIRST_SIGN_CODE_UNIT = 0x2000;
const FIRST_CODE_UNIT_AFTER_SIGNS = 0x2e80;
const MAX_SAMPLED_CHARACTERS = 4000;
export const TOKENS_A_MESSAGE = 4;
/** What models take for an image, about; some take more for a large one. */
export const IMAGE_TOKENS = 1000;
export const MAX_IMAGE_TOKENS = 6000;
/** A file's name and what is said around it. */
const TOKENS_A_NAME = 64;
const ANSWER_SHARE = 0.25;
const DOCUMENT_SHARE = 0.25;
const MAX_ANSWER_TOKENS = 4096;

/** Leaves a quarter of the window, at most 4,096 tokens, to the answer. */
export function promptBudget(contextTokens: number): PromptBudget {
  const maxTokens =
    contextTokens - Math.min(MAX_ANSWER_TOKENS, Math.floor(contextTokens * ANSWER_SHARE));
  return {
    maxTokens,
    maxCharacters: maxTokens * MAX_CHARACTERS_PER_TOKEN,
    documentTokens: Math.floor(contextTokens * DOCUMENT_SHARE),
  };
}

/** The files of a project as a message before all others; none where it has none. */
function filesToTell(project: Project | null | undefined): ChosenMessage[] {
  const attachments = project ? filesOf(project) : [];
  if (!project || attachments.length === 0) return [];
  return [{ role: "user", content: beforeFilesOf(project), attachments }];
}

/**
 * What the model is asked: the agent's instructions or the system prompt, those of the turn and of the project, the
 * project's files, then as much history as fits before the new message, which is always there.
 * @param history oldest first
 */
export async function buildPrompt(
  parts: {
    readonly agent: Agent | null;
    readonly systemPrompt: string | null;
    /** Of this turn alone, after the agent's. */
    readonly instructions?: string | null;
    /** The project that the conversation is in: its instructions come last. */
    readonly project?: Project | null;
    readonly history: readonly Message[];
    readonly input: readonly ChosenMessage[];
    /** Whether what does not fit is refused; otherwise the oldest of it is left out. */
    readonly refusesTruncation?: boolean;
  },
  budget: PromptBudget,
): Promise<ChosenMessage[]> {
  const instructions = [
    parts.agent?.instructions || parts.systemPrompt,
    parts.instructions,
    parts.project && toldOfProject(parts.project),
  ]
    .filter(Boolean)
    .join("\n\n");
  const files = filesToTell(parts.project);
  const answered = new Set(
    [...parts.history, ...parts.input].flatMap((message) =>
      (message.parts ?? []).flatMap((part) => (part.type === "tool_result" ? part.callId : [])),
    ),
  );
  const newest = parts.input.flatMap((message) => remember(message, answered));
  let documentsLeft = budget.documentTokens;
  /** What a message takes with its files. */
  const sizeOf = (message: ChosenMessage): number => {
    let tokens = estimateTokens(textOfPrompt(message));
    for (const attachment of message.attachments ?? []) {
      const use = modelUseOf(attachment);
      const wanted = use === "text" ? Math.ceil(attachment.bytes / LATIN_CHARACTERS_A_TOKEN) : 0;
      const given = Math.min(documentsLeft, wanted);
      documentsLeft -= given;
      tokens += given + (use === "image" ? IMAGE_TOKENS : 0) + TOKENS_A_NAME;
    }
    return tokens;
  };
  const pace = createPace();
  const history = parts.history.map((message) => remember(message, answered));
  let left = budget.maxTokens - (instructions ? estimateTokens(instructions) : 0);
  for (const message of [...newest.toReversed(), ...files]) {
    left -= sizeOf(message);
    if (pace.isDue()) await pace.pause();
  }
  let first = history.length;
  while (first > 0) {
    for (const message of history[first - 1] ?? []) left -= sizeOf(message);
    if (left < 0) break;
    first--;
    if (pace.isDue()) await pace.pause();
  }
  if (parts.refusesTruncation && (first > 0 || left < 0)) throw tooLong();
  const remembered = history.slice(first).flat();
  return [
    ...(instructions ? [{ role: "system", content: instructions } as const] : []),
    ...files,
    ...withoutLoneResults([...remembered, ...newest]),
  ];
}

/** The conversation is longer than the model takes, and must not be shortened. */
const tooLong = (): AppError =>
  new AppError(
    "model_refused",
    "Your input is longer than the model takes. Shorten it, or set truncation to auto to leave out its oldest part",
    { field: "input", isTooLong: true },
  );

/** Providers refuse a result whose call they are not told of. */
function withoutLoneResults(messages: readonly ChosenMessage[]): ChosenMessage[] {
  const calls = new Set<string>();
  return messages.flatMap((message) => {
    if (!message.parts) return message;
    const kept: Part[] = [];
    for (const part of message.parts) {
      if (part.type === "tool_call") calls.add(part.callId);
      if (part.type !== "tool_result" || calls.has(part.callId)) kept.push(part);
    }
    if (kept.length === message.parts.length) return message;
    return kept.length > 0 ? { ...message, parts: kept } : [];
  });
}

type Remembered = Omit<ChosenMessage, "parts"> & { readonly parts?: readonly Part[] | null };

/** A message as a model is reminded of it: calls with their results, and nothing that it only thought. */
function remember(message: Remembered, answered: ReadonlySet<string>): ChosenMessage[] {
  const { role, content, parts } = message;
  if (!parts) return [chosen(message)];
  // Providers refuse a call that nothing answers.
  const kept = parts.filter((part) =>
    part.type === "tool_call" ? answered.has(part.callId) : part.type !== "reasoning",
  );
  if (kept.some(({ type }) => type === "tool_call" || type === "tool_result"))
    return [{ role, content, parts: kept }];
  return content === "" && !message.attachments?.length ? [] : [chosen(message)];
}

/** All that a model reads of a message. */
export const textOfPrompt = ({
  content,
  parts,
}: Pick<ChosenMessage, "content" | "parts">): string =>
  parts
    ? parts
        .map((part) => (part.type === "tool_call" ? part.name + part.arguments : textIn(part)))
        .join("\n")
    : content;

const chosen = ({ role, content, attachments }: Remembered): ChosenMessage =>
  attachments?.length ? { role, content, attachments } : { role, content };

/** A cautious guess, from a sample of the whole text. */
export function estimateTokens(text: string): number {
  const step = Math.max(1, text.length / MAX_SAMPLED_CHARACTERS);
  let tokens = 0;
  for (let at = 0; at < text.length; at += step)
    tokens += tokensOf(text.charCodeAt(Math.floor(at)));
  return Math.ceil(tokens * step) + TOKENS_A_MESSAGE;
}

function tokensOf(codeUnit: number): number {
  if (codeUnit < FIRST_OTHER_CODE_UNIT) return 1 / LATIN_CHARACTERS_A_TOKEN;
  if (codeUnit < FIRST_DENSE_CODE_UNIT) return 1 / OTHER_LETTERS_A_TOKEN;
  const isSign = codeUnit >= FIRST_SIGN_CODE_UNIT && codeUnit < FIRST_CODE_UNIT_AFTER_SIGNS;
  return isSign ? 1 / OTHER_LETTERS_A_TOKEN : 1;
}

/** The length of a text in UTF-8. No tokeniser makes more tokens of it. */
export function bytesIn(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const codeUnit = text.charCodeAt(index);
    // The halves of a pair have two bytes each.
    const isHalf = codeUnit >= 0xd800 && codeUnit < 0xe000;
    if (codeUnit < 0x80) bytes += 1;
    else if (codeUnit < 0x800 || isHalf) bytes += 2;
    else bytes += 3;
  }
  return bytes;
}
