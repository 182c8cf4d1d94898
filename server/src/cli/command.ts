import { parseArgs } from "node:util";

/** A subcommand. @returns the exit code */
export type Command = (args: readonly string[]) => Promise<number>;

/** The command line is invalid; the message says why. */
export class UsageError extends Error {}

export const USAGE_EXIT_CODE = 2;

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

/**
 * The options and operands of a subcommand; null if --help was given and printed.
 * @throws UsageError for what it does not know
 */
export function readArguments<const T extends Options>(
  args: readonly string[],
  options: T,
  help: string,
  mostOperands = 0,
) {
  const parsed = parse(args, options);
  if ((parsed.values as { help?: boolean }).help) {
    print(help);
    return null;
  }
  const superfluous = parsed.positionals[mostOperands];
  if (superfluous !== undefined) throw new UsageError(`'${superfluous}' is one argument too many.`);
  return parsed;
}

function parse<const T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
  } catch (error) {
    if (!isArgumentError(error)) throw error;
    const [sentence = error.message] = error.message.split(/\. |\n/);
    throw new UsageError(`${sentence.replace(/\.$/, "")}.`);
  }
}

const isArgumentError = (error: unknown): error is Error =>
  error instanceof Error &&
  "code" in error &&
  typeof error.code === "string" &&
  error.code.startsWith("ERR_PARSE_ARGS_");

export function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** Prints a message for the person to standard error; standard output is for results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function fail(message: string): number {
  say(message);
  return 1;
}
