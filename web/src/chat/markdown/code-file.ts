/** Where a language is not called as its files end. */
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ["bash", "sh"],
  ["shell", "sh"],
  ["csharp", "cs"],
  ["golang", "go"],
  ["haskell", "hs"],
  ["javascript", "js"],
  ["kotlin", "kt"],
  ["markdown", "md"],
  ["perl", "pl"],
  ["plaintext", "txt"],
  ["python", "py"],
  ["ruby", "rb"],
  ["rust", "rs"],
  ["text", "txt"],
  ["typescript", "ts"],
  ["yaml", "yml"],
]);

/** What a file with code of that language is called; whatever a model wrote as the language, the name is harmless. */
export function fileNameOf(language: string): string {
  const name = language.toLowerCase();
  const ending = ENDINGS.get(name) ?? (/^[a-z0-9]{1,10}$/.test(name) ? name : "txt");
  return `code.${ending}`;
}
