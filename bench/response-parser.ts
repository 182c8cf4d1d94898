/** What one response does to its reader. Bytes are a view that is only valid during the call. */
export interface ResponseReader {
  onHead(status: number): void;
  onBody(bytes: Buffer, start: number, end: number): void;
}

type State = "head" | "fixed body" | "chunk size" | "chunk" | "chunk end" | "trailer";

const NEWLINE = 10;
const HEAD_END = "\r\n\r\n";

/**
 * Reads HTTP/1.1 responses off a kept-alive connection: `Content-Length` or chunked, nothing else.
 * `read` gives true when the response of the current reader has ended.
 */
export class ResponseParser {
  closesConnection = false;
  #reader: ResponseReader | null = null;
  #state: State = "head";
  #unreadHead: Buffer | null = null;
  #remainingBytes = 0;
  #line = "";

  begin(reader: ResponseReader): void {
    this.#reader = reader;
    this.#state = "head";
    this.#unreadHead = null;
    this.#line = "";
  }

  /** @throws Error when the bytes are no response we can read. */
  read(bytes: Buffer): boolean {
    let position = 0;
    let input = bytes;
    if (this.#state === "head") {
      if (this.#unreadHead) input = Buffer.concat([this.#unreadHead, input]);
      const headEnd = input.indexOf(HEAD_END);
      if (headEnd < 0) {
        this.#unreadHead = input;
        return false;
      }
      this.#unreadHead = null;
      position = headEnd + HEAD_END.length;
      if (this.#readHead(input.toString("latin1", 0, headEnd))) return true;
    }
    while (position < input.length) {
      if (this.#state === "fixed body" || this.#state === "chunk") {
        position = this.#readBody(input, position);
        if (this.#remainingBytes > 0) continue;
        if (this.#state === "fixed body") return true;
        this.#state = "chunk end";
        continue;
      }
      const newline = input.indexOf(NEWLINE, position);
      if (newline < 0) {
        this.#line += input.toString("latin1", position);
        return false;
      }
      const line = (this.#line + input.toString("latin1", position, newline)).trim();
      this.#line = "";
      position = newline + 1;
      if (this.#readLine(line)) return true;
    }
    return false;
  }

  /** True when no body follows. */
  #readHead(head: string): boolean {
    const status = Number(head.slice(9, 12));
    if (!head.startsWith("HTTP/1.1 ") || !(status >= 200)) {
      throw new Error(`no readable response: ${JSON.stringify(head.slice(0, 60))}`);
    }
    this.closesConnection = /\r\nconnection: *close/iu.test(head);
    if (/\r\ntransfer-encoding: *chunked/iu.test(head)) {
      this.#state = "chunk size";
    } else {
      const length = /\r\ncontent-length: *(\d+)/iu.exec(head)?.[1];
      if (length === undefined && status !== 204) {
        throw new Error(`a response (${status}) without a length`);
      }
      this.#state = "fixed body";
      this.#remainingBytes = Number(length ?? 0);
    }
    this.#reader?.onHead(status);
    return this.#state === "fixed body" && this.#remainingBytes === 0;
  }

  #readBody(input: Buffer, start: number): number {
    const end = Math.min(start + this.#remainingBytes, input.length);
    this.#remainingBytes -= end - start;
    this.#reader?.onBody(input, start, end);
    return end;
  }

  /** A line between the pieces of a chunked body; true for the empty line after the last. */
  #readLine(line: string): boolean {
    if (this.#state === "trailer") return line === "";
    if (this.#state === "chunk end") {
      if (line !== "") throw new Error("a chunk is longer than it says");
      this.#state = "chunk size";
      return false;
    }
    this.#remainingBytes = Number.parseInt(line, 16);
    if (!(this.#remainingBytes >= 0)) throw new Error(`no chunk size: ${JSON.stringify(line)}`);
    this.#state = this.#remainingBytes === 0 ? "trailer" : "chunk";
    return false;
  }
}
