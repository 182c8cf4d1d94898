// Texts that are cheap to write and cost much to format: each of 100,000 characters, of one kind.
const LENGTH = 100_000;

const repeated = (unit: string, length = LENGTH): string =>
  unit
    .repeat(Math.ceil(length / unit.length))
    .slice(0, length)
    .toWellFormed();

const nested = (lineAt: (depth: number) => string): string => {
  let text = "";
  for (let line = 0; text.length < LENGTH; line++) text += lineAt(line % 400);
  return text.slice(0, LENGTH);
};

export type CostlyText = { readonly name: string; readonly text: string };

/** One of each kind of work: marks, brackets, addresses, HTML, tables, nesting, formulas, program text, signs. */
export const COSTLY: readonly CostlyText[] = [
  ...["*a_ ", "~~a~~ ", "\\[", "`a ", "[a](", "http://b.example/ ", "<sub>a"].map((unit) => ({
    name: JSON.stringify(unit),
    text: repeated(unit),
  })),
  { name: "blocks", text: repeated("a\n\n") },
  { name: "a table", text: `|a|b|\n|-|-|\n${repeated("|b|c|\n", LENGTH - 12)}` },
  { name: "quotes in quotes", text: nested((depth) => `${"> ".repeat(depth)}a\n`) },
  { name: "roots in roots", text: `$$\n${repeated("\\sqrt{", LENGTH - 8)}\n$$` },
  {
    name: "program text",
    text: `\`\`\`js\n${repeated("const a = `b` / 2; // c\n", LENGTH - 20)}\n\`\`\``,
  },
  { name: "pictures of people", text: repeated("👩‍👩‍👧‍👦") },
];

export const textNamed = (wanted: string): string => {
  const found = COSTLY.find(({ name }) => name === wanted);
  if (!found) throw new Error(`There is no costly text ${wanted}`);
  return found.text;
};
