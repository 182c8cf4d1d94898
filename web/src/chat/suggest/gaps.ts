/** What a prompt leaves to be filled in: a word or some, in double braces, on one line. */
const GAP = /\{\{[^{}\n]{1,100}\}\}/g;

/** From the first brace to after the last. */
export type Place = { readonly from: number; readonly to: number };

const gapsIn = (text: string): readonly Place[] =>
  [...text.matchAll(GAP)].map(({ index, 0: gap }) => ({ from: index, to: index + gap.length }));

/** The first one that begins at that place or later. */
export const gapAfter = (text: string, place: number): Place | null =>
  gapsIn(text).find(({ from }) => from >= place) ?? null;

/** The last one that ends at that place or before. */
export const gapBefore = (text: string, place: number): Place | null =>
  gapsIn(text).findLast(({ to }) => to <= place) ?? null;
