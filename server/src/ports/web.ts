/** A page as plain text. It is what strangers wrote. */
export type WebPage = {
  /** Where it was found in the end, after all redirects. */
  readonly url: string;
  /** "" where it has none. */
  readonly title: string;
  readonly text: string;
};

export interface WebReader {
  /**
   * Fetches a page of the public web, as somebody without an account sees it. Nothing inside the operator's network is
   * connected to, whatever the address, its name or a redirect leads to.
   * @throws AppError invalid_request (the address), unavailable (the page), with a message for the model and the reader
   */
  read(url: string, signal: AbortSignal): Promise<WebPage>;
}

export type WebHit = { readonly title: string; readonly url: string; readonly text: string };

export interface WebSearch {
  /** The best hits first. @throws AppError unavailable, with a message for the model and the reader */
  search(query: string, signal: AbortSignal): Promise<readonly WebHit[]>;
}
