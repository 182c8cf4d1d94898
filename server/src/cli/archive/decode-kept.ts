import type { Agent } from "../../domain/agent.ts";
import { AppError } from "../../domain/errors.ts";
import { MAX_MEMORY_CHARACTERS, type Memory } from "../../domain/memory.ts";
import { MAX_INSTRUCTIONS_CHARACTERS, type Profile } from "../../domain/profile.ts";
import type { Project } from "../../domain/project.ts";
import { MAX_PROMPT_CHARACTERS, type SavedPrompt } from "../../domain/saved-prompt.ts";
import { checkText } from "../../domain/text.ts";
import { attachmentOf } from "./decode-files.ts";
import { type Fields, NotUnderstood } from "./fields.ts";

/* What people keep beside their conversations. */

const MAX_TEMPERATURE = 2;

export const agentOf = (agent: Fields): Agent => ({
  id: agent.name("id"),
  name: agent.text("name"),
  instructions: agent.text("instructions"),
  model: agent.textOrNull("model"),
  temperature: agent.isNull("temperature") ? null : agent.amount("temperature", MAX_TEMPERATURE),
  voice: agent.textOrNull("voice"),
  // Archives of earlier versions do not have this field.
  tools: agent.has("tools") && !agent.isNull("tools") ? agent.texts("tools") : null,
  createdAt: agent.time("createdAt"),
  updatedAt: agent.time("updatedAt"),
});

/** @throws NotUnderstood where a server would not have stored it */
function textOf(fields: Fields, field: string, mostCharacters: number): string {
  const text = fields.text(field);
  try {
    checkText(text, field, mostCharacters);
  } catch (error) {
    throw error instanceof AppError ? new NotUnderstood(error.message) : error;
  }
  return text;
}

export const profileOf = (profile: Fields): Profile => ({
  instructions: textOf(profile, "instructions", MAX_INSTRUCTIONS_CHARACTERS),
  areInstructionsOn: profile.flag("areInstructionsOn"),
  // Archives of earlier versions do not have this field.
  ...(profile.has("isMemoryOn") && profile.flag("isMemoryOn") && { isMemoryOn: true as const }),
  updatedAt: profile.time("updatedAt"),
});

export const promptOf = (prompt: Fields): SavedPrompt => ({
  id: prompt.name("id"),
  name: prompt.name("name"),
  text: textOf(prompt, "text", MAX_PROMPT_CHARACTERS),
  createdAt: prompt.time("createdAt"),
  updatedAt: prompt.time("updatedAt"),
});

export const memoryOf = (memory: Fields): Memory => ({
  id: memory.name("id"),
  text: textOf(memory, "text", MAX_MEMORY_CHARACTERS),
  createdAt: memory.time("createdAt"),
  updatedAt: memory.time("updatedAt"),
});

export const projectOf = (project: Fields): Project => ({
  id: project.uuid("id"),
  name: project.name("name"),
  instructions: textOf(project, "instructions", MAX_INSTRUCTIONS_CHARACTERS),
  attachments: project.objects("attachments").map(attachmentOf),
  createdAt: project.time("createdAt"),
  updatedAt: project.time("updatedAt"),
});
