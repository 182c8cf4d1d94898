// A real `ssh -R` through a real sshd of this machine: whoever reaches the sshd's port reaches the server through the
// ssh of some user of the server's machine.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { skipUnless } from "./skip.ts";

export const TUNNELS = ["ssh -R, of another user", "ssh -R, of the same user"] as const;
export type TunnelName = (typeof TUNNELS)[number];

const NEEDED = ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/bin/setpriv"];
const missing = NEEDED.filter((path) => !existsSync(path));

/** Why tests of them are skipped, or false. Only root starts an ssh as another user. */
export const withoutTunnels: string | false =
  process.getuid?.() !== 0
    ? "only root can start ssh as another user"
    : skipUnless(missing.length === 0, `not installed: ${missing.join(", ")}`);

const PATIENCE_MS = 60_000;
const NOBODY = 65_534;
/** sshd wants a folder in which it may lock up whoever has not signed in yet. */
const SSHD_FOLDER = "/run/sshd";

/** @param server the port to which the tunnel leads */
export async function startTunnel(name: TunnelName, server: number) {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-ssh-"));
  chmodSync(folder, 0o755);
  mkdirSync(SSHD_FOLDER, { recursive: true, mode: 0o755 });
  for (const key of ["host", "user"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
  const sshdPort = await freePort();
  const port = await freePort();
  const log = join(folder, "log");
  writeFileSync(
    join(folder, "sshd_config"),
    [
      `ListenAddress 127.0.0.1:${sshdPort}`,
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/user.pub`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin prohibit-password",
    ].join("\n"),
  );
  const isOther = name === "ssh -R, of another user";
  if (isOther) chownSync(join(folder, "user"), NOBODY, NOBODY);
  const options = [
    "BatchMode=yes",
    "ExitOnForwardFailure=yes",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
  ].flatMap((option) => ["-o", option]);
  const ssh = [
    ...["ssh", "-F", "none", "-N", ...options, "-i", join(folder, "user"), "-p", `${sshdPort}`],
    ...["-R", `127.0.0.1:${port}:127.0.0.1:${server}`, `${userInfo().username}@127.0.0.1`],
  ];
  const started: ChildProcess[] = [];
  const start = (command: readonly string[]): ChildProcess => {
    const [file = "", ...args] = command;
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr?.on("data", (text: Buffer) => appendFileSync(log, text));
    started.push(child);
    return child;
  };
  const end = () => {
    for (const child of started.toReversed()) child.kill("SIGKILL");
  };
  process.once("exit", end);
  const untilItListens = async (child: ChildProcess, itsPort: number): Promise<void> => {
    const giveUpAt = Date.now() + PATIENCE_MS;
    while (!(await answers(itsPort))) {
      if (child.exitCode !== null || Date.now() > giveUpAt) {
        end();
        throw new Error(`${name} does not start:\n${readFileSync(log, "utf8")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  // Its absolute path is what sshd starts again for each connection.
  const sshd = start(["/usr/sbin/sshd", "-D", "-e", "-f", join(folder, "sshd_config")]);
  await untilItListens(sshd, sshdPort);
  const nobody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  await untilItListens(start([...(isOther ? nobody : []), ...ssh]), port);
  return {
    name,
    port,
    async [Symbol.asyncDispose]() {
      process.removeListener("exit", end);
      const exits = started.map((child) => once(child, "exit"));
      end();
      await Promise.all(exits);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isThere = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}
