/*
 * How long to wait for more, judged by the words. A recogniser may give punctuation or none, and
 * may put a full stop after anything, so the last words count for more than the last mark.
 */

/** After what looks complete, by default, and after what cannot be the end. */
export const COMPLETE_MS = 300;
export const USUAL_MS = 500;
export const UNFINISHED_MS = 1500;

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

const FILLERS = words("uh um er erm ah hmm mm like well so actually basically anyway");
/** Words that want another word after them. */
const DANGLING = words(`
  and or but nor because since although though while whereas unless until if whether that which who
  whose when where than as plus also then
  a an the this these those my your his her its our their some any every each no another
  of to in on at for from with by about into onto over under between through during before after
  around without within towards against per via
  i he she we they is are was were am be been being has have had do does did will would can could
  should shall may might must not very really quite too more most just only
  i'm you're we're they're it's he's she's that's there's i'll we'll i'd we'd i've we've let's
  want wants need needs like going gonna trying
`);
const DIGITS = words(`
  zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
  sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
  thousand double triple point dot dash slash
`);
/** A clause that begins so is followed by its main clause. */
const SUBORDINATING = words(
  "if when whenever because although though while since unless until after before once whereas",
);
const MAIN_CLAUSE_WORDS = 9;
const QUESTION_WORDS = words(`
  what what's who who's whose where where's when why how how's which is are am was were do does did
  can could will would should shall may have has
`);
const SHORTEST_QUESTION_WORDS = 4;
const CLOSED_PHRASES = new Set(
  `yes|yes please|yeah|yep|no|no thanks|no thank you|nope|okay|ok|thanks|thank you|thank you very much
  |thanks a lot|hello|hi|hi there|hey|good morning|good evening|goodbye|bye|bye bye|good night|stop
  |please stop|wait|hold on|never mind|that's all|that is all|that's it|i don't know|go ahead|continue
  |go on|how are you|hello how are you|hi how are you|what|why|help`.split(/\s*\|/),
);

/**
 * Silence that ends a turn with these words.
 * @param text as a recogniser gives it, with or without punctuation
 */
export function requiredSilenceMs(text: string): number {
  const spoken = wordsOf(text);
  const last = spoken.at(-1);
  if (last === undefined) return USUAL_MS;
  if (CLOSED_PHRASES.has(spoken.join(" "))) return COMPLETE_MS;
  if (/(?:[,;:–—-]|\.\.\.|…)\s*$/.test(text)) return UNFINISHED_MS;
  if (FILLERS.has(last) || DIGITS.has(last) || /\d$/.test(last)) return UNFINISHED_MS;
  const isMarkedQuestion = /\?["')\]]*\s*$/.test(text);
  if (isMarkedQuestion) return COMPLETE_MS;
  if (DANGLING.has(last)) return UNFINISHED_MS;
  if (isSubordinate(text, spoken)) return UNFINISHED_MS;
  if (/[.!]["')\]]*\s*$/.test(text)) return COMPLETE_MS;
  const isQuestion = QUESTION_WORDS.has(spoken[0] ?? "");
  return isQuestion && spoken.length >= SHORTEST_QUESTION_WORDS ? COMPLETE_MS : USUAL_MS;
}

/** Lower-case words without punctuation; apostrophes stay. */
export const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .replaceAll("’", "'")
    .match(/[\p{L}\p{N}]+(?:'\p{L}+)*/gu) ?? [];

/** "When I get home" without what happens then. */
function isSubordinate(text: string, spoken: readonly string[]): boolean {
  const first =
    spoken[0] === "so" || spoken[0] === "and" || spoken[0] === "but" ? spoken[1] : spoken[0];
  if (!SUBORDINATING.has(first ?? "") || text.includes(",")) return false;
  const isQuestion =
    first === "when" && QUESTION_WORDS.has(spoken[spoken.indexOf("when") + 1] ?? "");
  return !isQuestion && spoken.length <= MAIN_CLAUSE_WORDS;
}
