// What tests of the ui wire read from its streams.

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
export type Chunk = { readonly type: string; readonly [field: string]: any };

/** The chunks of a stream, as far as they came whole, without its end. */
export const chunksOf = (text: string): Chunk[] =>
  text
    .split("\n\n")
    .slice(0, -1)
    .filter((frame) => frame.startsWith("data: ") && frame !== "data: [DONE]")
    .map((frame) => JSON.parse(frame.slice("data: ".length)));

/** The words of a stream. */
export const textIn = (chunks: readonly Chunk[]): string =>
  chunks.map(({ type, delta }) => (type === "text-delta" ? delta : "")).join("");
