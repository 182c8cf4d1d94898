/*
 * A long text is in the search index in pieces, each brought there by a transaction of its own, so that no other write
 * waits long. A piece is a row of the index whose rowid is negative: the newest texts come first there, and an owner
 * without long texts never meets them. A word is in the piece in which it begins; a phrase that goes beyond the end of
 * a piece is whole in it, too.
 */

/** In UTF-8: a text of more is taken in pieces of so many bytes, which takes the index some milliseconds. */
export const PIECE_BYTES = 16 * 1024;
/** Room for the pieces of the longest text; the migration of the search pieces knows it, too. */
export const PIECES_AN_ITEM = 4096;
/** What is read before a piece: the longest character. */
const BYTES_BEFORE = 4;
/** What is read after it: more than the longest query. */
const BYTES_AFTER = 8 * 1024;

export const rowidOfPiece = (item: number, piece: number): number => piece - item * PIECES_AN_ITEM;
export const itemOfPiece = (rowid: number): number => Math.ceil(-rowid / PIECES_AN_ITEM);
export const countPieces = (bytes: number): number =>
  Math.min(Math.ceil(bytes / PIECE_BYTES), PIECES_AN_ITEM);

/** The bytes of a text from which a piece is made; `from` counts from 1, as SQLite's substr does. */
export function bytesOfPiece(piece: number): { readonly from: number; readonly count: number } {
  const start = Math.max(0, piece * PIECE_BYTES - BYTES_BEFORE);
  return { from: start + 1, count: (piece + 1) * PIECE_BYTES + BYTES_AFTER - start };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The piece, and what is around it. @param bytes those of `bytesOfPiece` */
export function textOfPiece(piece: number, bytes: Uint8Array) {
  const start = piece === 0 ? 0 : BYTES_BEFORE;
  const first = characterFrom(bytes, 0);
  const from = piece === 0 ? 0 : characterFrom(bytes, start);
  const to = characterFrom(bytes, start + PIECE_BYTES);
  return {
    before: decoder.decode(bytes.subarray(piece === 0 ? 0 : first, from)),
    own: decoder.decode(bytes.subarray(from, to)),
    after: decoder.decode(bytes.subarray(to)),
  };
}

/** Where the first character begins that does not begin before that place. */
function characterFrom(bytes: Uint8Array, place: number): number {
  let at = Math.min(place, bytes.length);
  while (at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}
