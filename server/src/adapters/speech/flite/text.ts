/*
 * Prepares text for flite, which only supports ASCII English and reads marks of formatting aloud.
 */

const SPOKEN_SIGNS: readonly (readonly [RegExp, string])[] = [
  [/[‘’‚′]/g, "'"],
  [/[“”„«»″]/g, '"'],
  [/\s*[–—―]\s*/g, ", "],
  [/…/g, "."],
  [/€\s?(\d[\d.,]*)/g, "$1 euros"],
  [/£\s?(\d[\d.,]*)/g, "$1 pounds"],
  [/(\d)\s?°\s?C\b/g, "$1 degrees Celsius"],
  [/(\d)\s?°\s?F\b/g, "$1 degrees Fahrenheit"],
  [/°/g, " degrees "],
  [/×/g, " times "],
  [/&/g, " and "],
  [/%/g, " percent "],
  // Markdown: [words](address), and the marks around and before words.
  [/!?\[([^\]]*)\]\([^)]*\)/g, "$1"],
  [/(?:^|\s)(?:#{1,6}|[-*+>])\s/g, " "],
  [/[*_`~#|<>{}[\]\\^]+/g, " "],
];

/** Words and punctuation in ASCII; an empty string when nothing is left that can be said. */
export const speakable = (text: string): string => {
  let spoken = text;
  for (const [sign, words] of SPOKEN_SIGNS) spoken = spoken.replace(sign, words);
  const ascii = spoken
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^\x20-\x7e]/g, " ");
  return /[A-Za-z0-9]/.test(ascii) ? ascii.replace(/\s+/g, " ").trim() : "";
};

export type Piece = {
  readonly text: string;
  /** Silence to keep before the next piece. */
  readonly pauseMs: number;
};

/** Spoken within the time to the first sound that is promised; the others need not be so short. */
const FIRST_PIECE_LENGTH = 55;
const PIECE_LENGTH = 180;
const MIN_PIECE_CHARACTERS = 12;

/** A long sentence is read in pieces, cut where one would breathe: the first is heard early. */
export const piecesOf = (text: string): Piece[] => {
  const pieces: Piece[] = [];
  let rest = text;
  while (rest !== "") {
    const length = pieces.length === 0 ? FIRST_PIECE_LENGTH : PIECE_LENGTH;
    const cut = rest.length <= length ? rest.length : cutWithin(rest, length);
    const piece = rest.slice(0, cut).trim();
    rest = rest.slice(cut).trim();
    if (piece !== "") pieces.push({ text: piece, pauseMs: pauseAfter(piece) });
  }
  return pieces;
};

/** The last of the best places: after punctuation, before a word that begins a phrase, at a space. */
const CUTS: readonly RegExp[] = [
  /[,;:.!?)]["']?(?=\s)/g,
  /\s(?=(?:and|but|or|so|because|that|which|who|when|where|while|if|although|then)\s)/gi,
  /\s(?=(?:to|of|in|on|at|for|from|with|by|about|into|after|before|as|than)\s)/gi,
  /\s/g,
];

const cutWithin = (text: string, length: number): number => {
  for (const cut of CUTS) {
    const places = [...text.slice(0, length + 1).matchAll(cut)].map(
      (match) => match.index + match[0].length,
    );
    const last = places.findLast((place) => place >= MIN_PIECE_CHARACTERS && place <= length);
    if (last !== undefined) return last;
  }
  return length;
};

const pauseAfter = (piece: string): number => {
  if (/[.!?]["')]*$/.test(piece)) return 300;
  if (/[;:]["')]*$/.test(piece)) return 200;
  return /,["')]*$/.test(piece) ? 140 : 20;
};
