import type { Owner } from "../../../domain/principal.ts";
import { MAX_INDEXING_MS } from "../sql/search-page.ts";
import { INDEX_BEGIN, type IndexPlace } from "./search-index.ts";

type Steps = {
  isIndexed(owner: Owner): Promise<boolean>;
  /** Indexes what is missing after that place; gives the place where it ended, or null at the end. */
  indexNext(owner: Owner, after: IndexPlace): Promise<IndexPlace | null>;
};

/** An owner's texts on their way into the index. */
type Work = { readonly firstBatch: Promise<void>; readonly all: Promise<void> };

/** Brings the texts of owners who search into the index, which goes on when a search has stopped waiting for it. */
export function createIndexing({ isIndexed, indexNext }: Steps) {
  const works = new Map<string, Work>();

  function begin(owner: Owner, key: string): Work {
    const first = Promise.withResolvers<void>();
    const all = indexAll(owner, first.resolve).finally(() => {
      works.delete(key);
      first.resolve();
    });
    // It fails for whoever waits for it; the next search begins it again.
    all.catch(() => {});
    const work = { firstBatch: first.promise, all };
    works.set(key, work);
    return work;
  }

  async function indexAll(owner: Owner, onBatch: () => void): Promise<void> {
    let place: IndexPlace | null = INDEX_BEGIN;
    while (place) {
      place = await indexNext(owner, place);
      onBatch();
    }
  }

  return {
    /**
     * Brings the texts of an owner into the index, one batch at least and otherwise for a bounded time.
     * @returns whether all that the owner had stored is in it
     */
    async isDoneInTime(owner: Owner): Promise<boolean> {
      const key = JSON.stringify([owner.tenantId, owner.userId]);
      const endsAt = performance.now() + MAX_INDEXING_MS;
      const earlier = works.get(key);
      if (earlier && !(await isDoneBy(earlier, endsAt))) return false;
      if (await isIndexed(owner)) return true;
      return isDoneBy(begin(owner, key), endsAt);
    },
  };
}

/** Whether the work is done at that time, or when its first batch is done, whichever is later. */
async function isDoneBy({ firstBatch, all }: Work, endsAt: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, endsAt - performance.now());
  });
  try {
    const late = Promise.all([firstBatch, timeIsUp]).then(() => false);
    return await Promise.race([all.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
