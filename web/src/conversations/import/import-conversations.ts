import { type Client, ColloquyError, type ImportResult } from "@colloquy/client";

/** The wire's most. */
const MAX_AT_ONCE = 100;
/** What a slow connection sends within the client's time for a try; characters may have some bytes each. */
const MAX_CHARACTERS_AT_ONCE = 500_000;
const TOO_LARGE = 413;

export type ImportCounts = {
  readonly done: number;
  readonly imported: number;
  readonly skipped: number;
  /** What could not be taken over, by its title or place, and why. */
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
};

export const NOTHING_IMPORTED: ImportCounts = { done: 0, imported: 0, skipped: 0, failed: [] };

/** Sends them in batches, and tells after each how far it is. @throws as the client does, and the signal's reason */
export async function* importConversations(
  client: Client,
  items: readonly object[],
  signal: AbortSignal,
): AsyncGenerator<ImportCounts, void, void> {
  let counts = NOTHING_IMPORTED;
  for await (const { batch, result } of resultsOf(client, batchesOf(items), signal)) {
    const { imported, skipped, failed } = result;
    const start = counts.done;
    counts = {
      done: start + batch.length,
      imported: counts.imported + imported,
      skipped: counts.skipped + skipped,
      failed: [
        ...counts.failed,
        ...failed.map(({ index, reason }) => ({
          name: titleOf(batch[index]) ?? `#${start + index + 1}`,
          reason,
        })),
      ],
    };
    yield counts;
  }
}

type BatchResult = { readonly batch: readonly object[]; readonly result: ImportResult };

/** A batch that is refused as too large goes one by one, so that what is refused is only what is too large itself. */
async function* resultsOf(
  client: Client,
  batches: Iterable<readonly object[]>,
  signal: AbortSignal,
): AsyncGenerator<BatchResult, void, void> {
  for (const batch of batches)
    try {
      yield { batch, result: await client.conversations.import(batch, { signal }) };
    } catch (error) {
      if (!(error instanceof ColloquyError) || error.status !== TOO_LARGE) throw error;
      if (batch.length === 1) {
        const failed = [{ index: 0, reason: error.message }];
        yield { batch, result: { imported: 0, skipped: 0, failed } };
      } else
        yield* resultsOf(
          client,
          batch.map((item) => [item]),
          signal,
        );
    }
}

function* batchesOf(items: readonly object[]): Generator<object[]> {
  let batch: object[] = [];
  let characters = 0;
  for (const item of items) {
    const size = JSON.stringify(item).length;
    const isFull = batch.length === MAX_AT_ONCE || characters + size > MAX_CHARACTERS_AT_ONCE;
    if (batch.length > 0 && isFull) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(item);
    characters += size;
  }
  if (batch.length) yield batch;
}

function titleOf(item: object | undefined): string | null {
  const title = item && "title" in item ? item.title : null;
  return typeof title === "string" && title.trim() ? title : null;
}
