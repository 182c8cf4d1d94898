import type { Owner } from "../../../domain/principal.ts";
import type { SearchHit } from "../../../ports/search.ts";
import type { FoundPage } from "../sql/search-page.ts";
import type { WrittenStatement } from "../sql/statement.ts";
import type { Outcome } from "./batch.ts";
import type { Synchronous } from "./database.ts";
import type { SearchMark } from "./search-index.ts";
import type { MissingTexts } from "./search-missing.ts";
import type { Problem } from "./thread-messages.ts";

/* What the main thread and a searching thread say to each other. */

export type SearchThreadOptions = {
  readonly directory: string;
  readonly synchronous: Synchronous;
  /** Those of the thread's work, so that it need not write them again. */
  readonly statements: readonly WrittenStatement[];
};

/** What a searching thread is asked, one at a time. */
export type Question =
  | { readonly kind: "end" }
  | { readonly kind: "isIndexedTo"; readonly end: SearchMark; readonly owner: Owner }
  | { readonly kind: "missing"; readonly end: SearchMark; readonly owner: Owner }
  | {
      readonly kind: "page";
      readonly owner: Owner;
      readonly query: string;
      readonly page: { readonly limit: number; readonly offset: number };
    }
  /** The next hits of the page that was asked for last. */
  | { readonly kind: "more" };

/** A page whose hits come in pieces: a large one at once would hold the main thread. */
export type PagePiece = Omit<FoundPage, "hits"> & {
  readonly hits: readonly SearchHit[];
  readonly isLast: boolean;
};

export type Answers = {
  readonly end: SearchMark;
  readonly isIndexedTo: boolean;
  readonly missing: MissingTexts;
  readonly page: PagePiece;
  readonly more: PagePiece;
};

export type FromSearchThread = Outcome<Problem>;
