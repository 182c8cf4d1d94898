import type { MintSecret, SecretStore } from "../../ports/secret-store.ts";

/** A secret that all servers of an installation have, and nobody else. @throws AppError unavailable */
export type InstallationSecret = () => Promise<string>;

/** The secret of that name, which is made at its first use and then stays. */
export function createInstallationSecret(
  store: SecretStore,
  mint: MintSecret,
  name: string,
): InstallationSecret {
  let known: Promise<string> | null = null;
  return () => {
    known ??= store.keepSecret(name, mint()).catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };
}
