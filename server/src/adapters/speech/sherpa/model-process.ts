import { type ChildProcess, fork } from "node:child_process";
import { Socket } from "node:net";
import { extname } from "node:path";
import type { FromChild, JobMessage, ModelCandidate, ToChild } from "./protocol.ts";

/** A child process with a model loaded in it. */
export type ModelProcess = {
  readonly candidate: ModelCandidate;
  readonly speakers: number;
  /** Resolves, with the reason, when the process is gone, however that came. */
  readonly gone: Promise<string>;
  send(message: ToChild): void;
  listen(listener: (message: JobMessage) => void): void;
  /** While there is work, the server's process does not end by itself. */
  hold(isHeld: boolean): void;
  kill(): void;
};

/** The environment variables that the process needs. None of them is a key of the server. */
const PASSED_ON = ["PATH", "PWD", "HOME", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"];
const KEPT_COMPLAINT_LENGTH = 2_000;

/** @throws Error with what the library complained of, when the model cannot be loaded */
export const startModelProcess = async (
  candidate: ModelCandidate,
  loadTimeoutMs: number,
): Promise<ModelProcess> => {
  const child = fork(new URL(`./child${extname(import.meta.url)}`, import.meta.url), [], {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
  });
  const complaint = complaintOf(child);
  const gone = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) =>
      resolve(complaint() || `the process ended (${signal ?? `exit code ${code}`})`),
    );
  });
  const kill = () => {
    child.ref();
    child.kill("SIGKILL");
  };
  const timer = setTimeout(kill, loadTimeoutMs);
  const answer = new Promise<FromChild>((resolve) => child.once("message", resolve));
  child.send({ type: "load", candidate } satisfies ToChild, () => {});
  const first = await Promise.race([answer, gone]);
  clearTimeout(timer);
  if (typeof first === "string") throw new Error(first);
  if (first.type !== "loaded") {
    kill();
    await gone;
    throw new Error(complaint() || (first.type === "unable" ? first.reason : first.type));
  }
  let listener: (message: JobMessage) => void = () => {};
  child.on("message", (message: JobMessage) => listener(message));
  const hold = (isHeld: boolean) => {
    if (isHeld) child.ref();
    else child.unref();
    if (isHeld) child.channel?.ref();
    else child.channel?.unref();
  };
  hold(false);
  return {
    candidate,
    speakers: first.speakers,
    gone,
    send(message) {
      if (child.connected) child.send(message, () => {});
    },
    listen(next) {
      listener = next;
    },
    hold,
    kill,
  };
};

/** The last line that the process wrote to its standard error. */
const complaintOf = (child: ChildProcess): (() => string) => {
  let text = "";
  if (child.stderr instanceof Socket) child.stderr.unref();
  child.stderr?.setEncoding("utf8").on("data", (more: string) => {
    text = (text + more).slice(-KEPT_COMPLAINT_LENGTH);
  });
  return () => text.trim().split("\n").at(-1)?.trim() ?? "";
};
