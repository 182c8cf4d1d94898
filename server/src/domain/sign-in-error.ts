/**
 * Why nobody is signed in: `denied` by the person or the provider, `state` that is not this browser's, `expired`,
 * a provider that does not answer (`unavailable`), or anything else that went wrong with it (`failed`).
 */
export type SignInFailure = "denied" | "state" | "expired" | "unavailable" | "failed";

export class SignInError extends Error {
  readonly failure: SignInFailure;

  constructor(failure: SignInFailure, options?: ErrorOptions) {
    super(`Signing in ended: ${failure}`, options);
    this.name = "SignInError";
    this.failure = failure;
  }
}
