/** Lists that come in pages. */

/** Pages count from 1 and have at most 100 items. */
export type PageQuery = {
  readonly page?: number | undefined;
  readonly limit?: number | undefined;
};

/** One page of a list. */
export type Page<T> = {
  readonly items: readonly T[];
  /** The number on all pages. */
  readonly total: number;
  readonly page: number;
  readonly limit: number;
  readonly totalPages: number;
};
