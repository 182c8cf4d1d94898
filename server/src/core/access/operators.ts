import { COMMAND } from "../../domain/command.ts";
import { AppError } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";

type Caller = Pick<Principal, "isOperator"> & Partial<Pick<Principal, "proof">>;

/**
 * Lets operators pass.
 * @param what they are for, as the beginning of a sentence: "These figures are"
 * @throws AppError forbidden
 */
export function checkOperator(by: Caller, what: string): void {
  if (!by.isOperator) throw notAnOperator(by, what);
}

export function notAnOperator({ proof }: Caller, what: string): AppError {
  const isWithoutKey = proof?.kind === "none" || proof?.kind === "open";
  return new AppError(
    "forbidden",
    isWithoutKey
      ? `${what} for operators, and a request without a credential comes from nobody in particular. Run '${COMMAND} keys create --operator' on the server's machine, or make the first key with the code that the server showed on its terminal (claim_code)`
      : `${what} for operators: use a key made with '${COMMAND} keys create --operator'`,
  );
}
