import { AppError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";

/**
 * Lets operators pass.
 * @param what they are for, as the beginning of a sentence: "These figures are"
 * @throws AppError forbidden
 */
export function checkOperator({ isOperator }: Pick<Principal, "isOperator">, what: string): void {
  if (!isOperator)
    throw new AppError(
      "forbidden",
      `${what} for operators: use a key made with 'npx colloquy keys create --operator'`,
    );
}
