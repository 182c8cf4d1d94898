/** The decoder's words, which are all in lower case, as one would begin a sentence. */
export const sentenceOf = (words: string): string => {
  const text = words
    .trim()
    .replace(/\bi\b(?!\.)/g, "I")
    .replace(/\b([a-z])\.(?=\s|$)/g, (_, letter: string) => letter.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
};
