import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { idIn, MAX_MESSAGE_BYTES, problemIn, refusal, TOO_LONG } from "./bounds.ts";

/** A program of the operator's. */
export type StdioCommand = {
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment, but for a PATH. */
  readonly environment: Readonly<Record<string, string>>;
  /** Null: the server's own. */
  readonly directory: string | null;
};

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const MAX_STDERR_CHARACTERS = 500;
/** Between the end of its input, SIGTERM and SIGKILL. */
const PATIENCE_MS = 1_000;
/** Between the end of the program and that of its output, which something that it has started may hold open for ever. */
const OUTPUT_PATIENCE_MS = 200;
const NEWLINE = 10;
const EDGE_BYTES = 256;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * A source that is a program: a message a line on its standard input and output. It has a process group of its own, so
 * that it ends with everything that it has started, and inherits nothing of the environment.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  /** The last that it wrote on its standard error. */
  stderr = "";
  readonly #command: StdioCommand;
  #child: Child | null = null;
  #ended: Promise<void> = Promise.resolve();
  #line: Buffer[] = [];
  #lineBytes = 0;
  /** The beginning of a line that is too long; null: the line is not. */
  #skipped: Buffer | null = null;

  constructor(command: StdioCommand) {
    this.#command = command;
  }

  /** @throws Error where the program cannot be started */
  async start(): Promise<void> {
    const { command, args, environment, directory } = this.#command;
    const child = spawn(command, args, {
      env: { PATH, ...environment },
      ...(directory !== null && { cwd: directory }),
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("close", () => {
        this.#child = null;
        resolve();
        this.onclose?.();
      });
    });
    child.once("exit", () => {
      const timer = setTimeout(closeOutput, OUTPUT_PATIENCE_MS, child);
      child.once("close", () => clearTimeout(timer));
    });
    child.stdin.on("error", (error) => this.onerror?.(error));
    child.stdout.on("error", (error) => this.onerror?.(error));
    child.stdout.on("data", (chunk: Buffer) => this.#read(chunk));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = (this.stderr + text).slice(-MAX_STDERR_CHARACTERS);
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.on("error", (error) => this.onerror?.(error));
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const child = this.#child;
    if (!child) throw new Error("The program has ended");
    await new Promise<void>((resolve, reject) => {
      child.stdin.write(`${JSON.stringify(message)}\n`, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.stdin.end();
    const waits = ["SIGTERM", "SIGKILL"] as const;
    for (const signal of waits) {
      if (await this.#endsWithin(PATIENCE_MS)) break;
      this.#signal(child.pid, signal);
    }
    // What it has started may still be there.
    this.#signal(child.pid, "SIGKILL");
    closeOutput(child);
    await this.#ended;
  }

  async #endsWithin(timeMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, timeMs, false);
    void this.#ended.then(() => resolve(true));
    const isOver = await promise;
    clearTimeout(timer);
    return isOver;
  }

  #signal(pid: number | undefined, signal: NodeJS.Signals): void {
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The whole group has ended.
    }
  }

  #read(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      this.#endLine();
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#line.push(bytes);
    this.#lineBytes += bytes.length;
    if (this.#lineBytes <= MAX_MESSAGE_BYTES) return;
    const line = Buffer.concat(this.#line);
    this.#skipped ??= Buffer.from(line.subarray(0, EDGE_BYTES));
    this.#line = [Buffer.from(line.subarray(-EDGE_BYTES))];
    this.#lineBytes = EDGE_BYTES;
  }

  #endLine(): void {
    const line = Buffer.concat(this.#line).toString("utf8");
    const start = this.#skipped;
    this.#line = [];
    this.#lineBytes = 0;
    this.#skipped = null;
    if (line.trim() === "") return;
    const problem = start ? TOO_LONG : problemIn(line);
    if (problem) this.#refuse((start?.toString("utf8") ?? "") + line, problem);
    else this.#give(line);
  }

  /** Answers in its place; a source whose message belongs to nothing is ended. */
  #refuse(line: string, words: string): void {
    const id = idIn(line);
    if (id === null) {
      this.onerror?.(new Error(words));
      void this.close();
    } else this.#give(refusal(id, words));
  }

  #give(line: string): void {
    try {
      this.onmessage?.(JSON.parse(line));
    } catch {
      // Some programs write what is for people on their standard output.
      this.onerror?.(new Error("It wrote a line that is no message"));
    }
  }
}

/** Nothing more is read. */
function closeOutput({ stdout, stderr }: Child): void {
  stdout.destroy();
  stderr.destroy();
}
