import type { Owner } from "../domain/principal.ts";

/** Whose a secret is and what it is for: it is opened for nobody else, and for nothing else. */
export type SecretPlace = { readonly owner: Owner; readonly purpose: string };

/** Encrypts what the store keeps for people. The key is nowhere in the store. */
export interface SecretBox {
  seal(place: SecretPlace, text: string): string;
  /** @throws AppError unavailable, which names the setting, where the key is another one or the text was changed */
  open(place: SecretPlace, sealed: string): string;
}
