import { AppError } from "../domain/errors.ts";
import { checkName } from "../domain/text.ts";
import { UsageError } from "./command.ts";

/** Whoever can read and write the data folder. */
export const AT_THE_MACHINE = { isOperator: true } as const;

/** The value of an option that names something; undefined where it is not given. @throws UsageError */
export function nameOption(value: string | undefined, option: string): string | undefined {
  if (value === undefined) return undefined;
  try {
    checkName(value, option);
  } catch (error) {
    if (error instanceof AppError) throw new UsageError(`${error.message}.`);
    throw error;
  }
  return value;
}
