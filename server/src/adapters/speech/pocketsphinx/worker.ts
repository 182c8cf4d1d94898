import { type ChildProcess, fork } from "node:child_process";
import { Socket } from "node:net";
import { extname } from "node:path";
import type { PocketsphinxPaths } from "./find.ts";
import type { FromChild, ToChild } from "./protocol.ts";

/** One child process with one recogniser. */
export type Worker = {
  /** Resolves when the model is loaded. */
  readonly loaded: Promise<void>;
  /** Resolves, with the reason, when the process is gone, however that came. */
  readonly gone: Promise<string>;
  send(message: ToChild): void;
  /** The receiver of its messages from now on. */
  listen(listener: (message: FromChild) => void): void;
  /** While it works, the server's process does not end by itself. */
  hold(isHeld: boolean): void;
  kill(): void;
};

/** The environment variables that the process needs. None of them is a key of the server. */
const PASSED_ON = ["PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR"];
const KEPT_COMPLAINT_LENGTH = 1_000;

export const startWorker = (paths: PocketsphinxPaths): Worker => {
  const child = fork(new URL(`./child${extname(import.meta.url)}`, import.meta.url), [], {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
  });
  let listener: (message: FromChild) => void = () => {};
  const loaded = Promise.withResolvers<void>();
  loaded.promise.catch(() => {});
  const complaint = complaintOf(child);
  const gone = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(`${signal ?? `exit code ${code}`}${complaint()}`));
  });
  void gone.then((reason) => loaded.reject(new Error(reason)));
  child.once("message", (message: FromChild) => {
    if (message.type === "unable") loaded.reject(new Error(message.reason));
    else loaded.resolve();
    child.on("message", (later: FromChild) => listener(later));
  });
  const send = (message: ToChild) => {
    if (child.connected) child.send(message, () => {});
  };
  const hold = (isHeld: boolean) => {
    if (isHeld) child.ref();
    else child.unref();
    if (isHeld) child.channel?.ref();
    else child.channel?.unref();
  };
  send({ type: "load", paths });
  return {
    loaded: loaded.promise,
    gone,
    send,
    listen(next) {
      listener = next;
    },
    hold,
    kill() {
      hold(true);
      child.kill("SIGKILL");
    },
  };
};

/** The last of what the process wrote to its standard error. */
const complaintOf = (child: ChildProcess): (() => string) => {
  let text = "";
  if (child.stderr instanceof Socket) child.stderr.unref();
  child.stderr?.setEncoding("utf8").on("data", (more: string) => {
    text = (text + more).slice(-KEPT_COMPLAINT_LENGTH);
  });
  return () => (text.trim() === "" ? "" : `: ${text.trim()}`);
};
