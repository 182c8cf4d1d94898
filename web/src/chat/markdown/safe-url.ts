const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;

/** What an address may be: absolute, and of a kind that runs nothing. "" for any other. */
export const safeUrl = (url: string): string =>
  SAFE_LINK.test(url) || /^#[\w-]*$/.test(url) ? url : "";
