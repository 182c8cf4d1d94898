/** Signs that change the direction of text, or are not seen, stand as their codes. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text as it is sent, with what cannot be seen made visible. */
export const readable = (text: string): string =>
  text.replace(UNSEEN, (sign) =>
    sign === "\n" || sign === "\t"
      ? sign
      : `\\u{${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
