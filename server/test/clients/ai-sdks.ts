// The AI SDK in three major versions, each with the provider for servers that speak OpenAI's API.
import type { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type * as ai6 from "ai-6";

/** What the versions have in common: a test does not touch how they differ. */
type AiSdk = Pick<typeof ai6, "generateText" | "streamText" | "stepCountIs" | "tool" | "Output">;
type Provider = { readonly createOpenAICompatible: typeof createOpenAICompatible };

const VERSIONS: Readonly<Record<string, readonly [sdk: string, provider: string]>> = {
  "ai 5": ["ai-5", "ai-sdk-openai-compatible-5"],
  "ai 6": ["ai-6", "@ai-sdk/openai-compatible"],
  "ai 7": ["ai-7", "@ai-sdk/openai-compatible"],
};

export const AI_SDKS = await Promise.all(
  Object.entries(VERSIONS).map(async ([name, [sdk, provider]]) => ({
    name,
    sdk: (await import(sdk)) as AiSdk,
    createProvider: ((await import(provider)) as Provider).createOpenAICompatible,
  })),
);
