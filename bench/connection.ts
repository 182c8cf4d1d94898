import net from "node:net";
import { ResponseParser, type ResponseReader } from "./response-parser.ts";

/** A kept-alive connection to a server on this machine, one request at a time. */
export class Connection {
  readonly #port: number;
  readonly #parser = new ResponseParser();
  #socket: net.Socket | null = null;
  #settle: ((problem: string | null) => void) | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends the request; resolves when its response has ended: null, or what went wrong on the way. */
  exchange(request: string, reader: ResponseReader): Promise<string | null> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#parser.begin(reader);
      this.#socket ??= this.#connect();
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#end("closed by the bench");
  }

  #connect(): net.Socket {
    const socket = net.connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("error", (error) => this.#end(error.message));
    socket.on("close", () => this.#end("the server closed the connection"));
    return socket;
  }

  #read(bytes: Buffer): void {
    try {
      if (!this.#settle) throw new Error("bytes after the end of a response");
      if (!this.#parser.read(bytes)) return;
      if (this.#parser.closesConnection) this.#drop();
      this.#resolve(null);
    } catch (error) {
      this.#end(String(error));
    }
  }

  #end(problem: string): void {
    this.#drop();
    this.#resolve(problem);
  }

  #resolve(problem: string | null): void {
    const settle = this.#settle;
    this.#settle = null;
    settle?.(problem);
  }

  #drop(): void {
    this.#socket?.removeAllListeners();
    this.#socket?.on("error", () => {});
    this.#socket?.destroy();
    this.#socket = null;
  }
}
