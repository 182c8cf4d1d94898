// How much of what was said was understood.

const NUMBERS: Readonly<Record<string, string>> = { "10": "ten", "2": "two", "5": "five" };

/** Lower case, no punctuation, digits as words. */
export const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9' ]+/g, " ")
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => NUMBERS[word] ?? word);

/** Insertions, deletions and substitutions that make one of the other (Levenshtein). */
export const wordErrors = (said: string, heard: string): number => {
  const [a, b] = [wordsOf(said), wordsOf(heard)];
  let row = b.map((_, j) => j + 1);
  for (const [i, word] of a.entries()) {
    let left = i + 1;
    let corner = i;
    row = row.map((above, j) => {
      left = Math.min(above + 1, left + 1, corner + (b[j] === word ? 0 : 1));
      corner = above;
      return left;
    });
  }
  return row.at(-1) ?? a.length;
};

/** What people say to a machine in their kitchen, at a station, at work. */
export const EVERYDAY_SENTENCES = [
  "Hello, how are you today?",
  "What is the weather like tomorrow?",
  "Please call my mother this evening.",
  "I would like to order a large pizza.",
  "How much does it cost?",
  "Can you help me with my homework?",
  "Where is the nearest train station?",
  "I have lost my keys again.",
  "Tell me a story about a dragon.",
  "What time is it in London?",
  "Thank you very much for your help.",
  "The meeting starts at ten in the morning.",
  "I need a table for two people.",
  "My computer does not work.",
  "Do you know a good restaurant near here?",
  "I want to learn how to cook.",
  "The train was late again today.",
  "Could you say that again, please?",
  "I am going to bed now.",
  "Remind me to buy milk and bread.",
] as const;
