import type { Owner } from "../../../domain/principal.ts";
import { MAX_INDEXING_MS } from "../sql/search-page.ts";
import type { SearchMark } from "./search-index.ts";
import type { Asking } from "./searcher.ts";
import type { WriteName } from "./thread-messages.ts";

type Write = (name: WriteName, given: readonly unknown[]) => Promise<unknown>;

/** Brings into the search index what a search needs, and then what everybody else has. */
export function createIndexing(write: Write) {
  let isCatchingUp = false;

  async function catchUp(end: SearchMark): Promise<void> {
    if (isCatchingUp) return;
    isCatchingUp = true;
    try {
      while (!(await write("indexNext", [end])));
    } catch {
      // A full disk, for example: tried again in the pauses between writes, and by the next search.
    }
    isCatchingUp = false;
  }

  return {
    /**
     * Brings the texts of an owner into the index, one batch at least and otherwise for a bounded time. The rest, and
     * what others have, follows while nobody waits.
     * @returns whether all that the owner had stored is in it
     */
    async isDoneInTime(owner: Owner, { ask }: Asking): Promise<boolean> {
      const endsAt = performance.now() + MAX_INDEXING_MS;
      const end = await ask({ kind: "end" });
      if (await ask({ kind: "isIndexedTo", end, owner })) return true;
      for (let batches = 0; ; batches++) {
        const { items, hasPending } = await ask({ kind: "missing", end, owner });
        const isDone = items.length === 0 && !hasPending;
        if (isDone || (batches > 0 && performance.now() > endsAt)) {
          void catchUp(end);
          return isDone;
        }
        await write("indexOf", [owner, items]);
      }
    },
  };
}
