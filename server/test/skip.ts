import assert from "node:assert/strict";

/** @returns the reason to skip, or false. @throws in CI, where everything is to be installed */
export function skipUnless(isInstalled: boolean, reason: string): string | false {
  if (isInstalled) return false;
  if (process.env.CI) assert.fail(reason);
  return reason;
}
