/*
 * Decides by the words how long to wait for more. A recogniser may give punctuation or none, and
 * may put a full stop after anything, so the last words count for more than the last mark.
 */

/** The silence after words that look complete, after most words, and after words that cannot be the end. */
const COMPLETE_MS = 300;
export const USUAL_MS = 500;
export const UNFINISHED_MS = 1500;

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

const FILLERS = words("uh um er erm ah hmm mm like well so actually basically anyway");
/** Words that are followed by another word. */
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
`);
const SUBJECTS = words("i you we he she they");
/** "Tell me": tell what? */
const GIVING = words("tell show give send bring read play get make ask teach");
const PERSONS = words("me us him her them");
const MIN_QUESTION_WORDS = 4;
/** "What is it like", "where are you from": such a question may end so. */
const ENDS_OF_QUESTIONS = words("like for from about with to at on in of is are was do does");
const CLOSED_PHRASES = new Set(
  `yes|yes please|yeah|yep|no|no thanks|no thank you|nope|okay|ok|thanks|thank you|thank you very much
  |thanks a lot|hello|hi|hi there|hey|good morning|good evening|goodbye|bye|bye bye|good night|stop
  |please stop|stop it|stop that|wait|hold on|never mind|that's all|that is all|that's it|i don't know|go ahead|continue
  |go on|how are you|hello how are you|hi how are you|what|why|help`.split(/\s*\|/),
);

/** The bound of the silence that a person who pauses often gets before a turn ends. */
const MAX_PATIENCE_MS = 950;
/** The factor by which a pause may be longer than the one before. */
const PAUSE_GROWTH = 1.5;

/**
 * Silence that ends a turn with these words.
 * @param text as a recogniser gives it, with or without punctuation; a full stop means nothing, since
 * recognisers put one after whatever they heard
 * @param pauseMs how long this person pauses without being done, as far as is known
 */
export function requiredSilenceMs(text: string, pauseMs = 0): number {
  const spoken = wordsOf(text);
  if (looksUnfinished(text, spoken)) return UNFINISHED_MS;
  if (looksComplete(text, spoken)) return COMPLETE_MS;
  return Math.max(USUAL_MS, Math.min(MAX_PATIENCE_MS, pauseMs * PAUSE_GROWTH));
}

function looksUnfinished(text: string, spoken: readonly string[]): boolean {
  const last = spoken.at(-1);
  if (last === undefined || CLOSED_PHRASES.has(spoken.join(" "))) return false;
  if (/(?:[,;:–—-]|\.\.\.|…)\s*$/.test(text)) return true;
  if (isQuestion(spoken) && ENDS_OF_QUESTIONS.has(last)) return false;
  if (FILLERS.has(last) || DIGITS.has(last) || /\d$/.test(last)) return true;
  if (isMarkedQuestion(text)) return false;
  const isWithoutObject = PERSONS.has(last) && GIVING.has(spoken.at(-2) ?? "");
  return DANGLING.has(last) || isWithoutObject || isSubordinate(text, spoken);
}

function looksComplete(text: string, spoken: readonly string[]): boolean {
  if (isMarkedQuestion(text) || CLOSED_PHRASES.has(spoken.join(" "))) return true;
  return isQuestion(spoken) && !ENDS_OF_QUESTIONS.has(spoken.at(-1) ?? "");
}

const isMarkedQuestion = (text: string): boolean => /\?["')\]]*\s*$/.test(text);

/** "What is …", "how many …"; not "what I need", and not a request, which often goes on. */
function isQuestion(spoken: readonly string[]): boolean {
  const [first = "", second = ""] = spoken;
  return QUESTION_WORDS.has(first) && !SUBJECTS.has(second) && spoken.length >= MIN_QUESTION_WORDS;
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
  const isAsked = first === "when" && QUESTION_WORDS.has(spoken[spoken.indexOf("when") + 1] ?? "");
  return !isAsked && spoken.length <= MAIN_CLAUSE_WORDS;
}
