import { styleText } from "node:util";
import { ConfigError } from "../config/config.ts";
import { checkAccess } from "./checks/access.ts";
import { checkCertificate } from "./checks/certificate.ts";
import { checkDataFolder } from "./checks/data-folder.ts";
import { checkDatabase } from "./checks/database.ts";
import { type Finding, failure, wordsOf } from "./checks/finding.ts";
import { checkForwarders } from "./checks/forwarders.ts";
import { checkClock, checkEnvironmentFile, checkNode } from "./checks/machine.ts";
import { checkModels } from "./checks/models.ts";
import { checkPassage } from "./checks/passage.ts";
import { checkRedis } from "./checks/redis.ts";
import { checkServer } from "./checks/running-server.ts";
import { checkSettings } from "./checks/settings.ts";
import { checkSignIn } from "./checks/sign-in.ts";
import { checkSpeech } from "./checks/speech.ts";
import { checkStore } from "./checks/store.ts";
import { checkToolSources } from "./checks/tool-sources.ts";
import { type Command, print, readArguments } from "./command.ts";
import { configOfProcess } from "./environment.ts";
import { storageOf } from "./storage.ts";
import { counted, onOneLine } from "./wording.ts";

const HELP = `colloquy doctor: check this installation and say what to change

  colloquy doctor
  DATA_DIR=/var/lib/colloquy colloquy doctor --json

  --json    as JSON

Looks at Node, the settings, the .env file, the certificate, the data folder or
database, the store, the clock, who is served, whether a server is running, which
proxies and tunnels of this machine lead to it and what a proxy before it lets pass
(PUBLIC_URL), which models can be reached, which speech engines hear and speak, and
which sources of tools answer and what of theirs has changed (TOOL_SOURCES).
Changes nothing and shows no key. The exit code is 1 when something does not work
(FAIL); what only deserves a look is a warning (warn).
`;

export const doctor: Command = async (args) => {
  const parsed = readArguments(args, { json: { type: "boolean", default: false } }, HELP);
  if (!parsed) return 0;
  const findings: Finding[] = [];
  for await (const finding of examine()) {
    findings.push(finding);
    if (!parsed.values.json) print(lineOf(finding));
  }
  const failures = findings.filter(({ status }) => status === "fail").length;
  const warnings = findings.filter(({ status }) => status === "warn").length;
  if (parsed.values.json) print(`${JSON.stringify({ ok: failures === 0, findings }, null, 2)}\n`);
  else
    print(
      `\n${failures + warnings === 0 ? "All is well." : `${counted(failures, "failure")}, ${counted(warnings, "warning")}.`}\n`,
    );
  return failures > 0 ? 1 : 0;
};

async function* examine(): AsyncGenerator<Finding> {
  yield checkNode();
  yield await checkEnvironmentFile();
  const config = readSettings();
  if (Array.isArray(config)) return yield* config;
  yield* checkSettings(config);
  if (config.tls) yield checkCertificate(config.tls);
  const storage = storageOf(config);
  const { folder } = storage;
  yield await checkClock(folder);
  const { findings, isUsable } = folder
    ? await checkDataFolder(folder)
    : await checkDatabase(config);
  yield* findings;
  const isMissing = !isUsable && findings.every(({ status }) => status === "ok");
  const store = isUsable ? await checkStore(storage) : null;
  if (store) yield store.finding;
  const access = store ? store.access : isMissing ? { isClaimed: false, keys: [] } : null;
  if (access) yield* checkAccess(config, access);
  yield* await checkRedis(config);
  if (config.signIn) yield* checkSignIn(config.signIn);
  yield await checkServer(config, folder, isUsable);
  if (access) yield* await checkForwarders(config, access.isClaimed);
  if (config.publicOrigin) yield await checkPassage(`${config.publicOrigin}${config.basePath}`);
  yield* await checkModels(config);
  yield* await checkSpeech(config);
  yield* await checkToolSources(config, store?.access ? storage : null);
}

/** The settings, or the findings about invalid ones. */
function readSettings() {
  try {
    return configOfProcess();
  } catch (error) {
    const remedy =
      "correct it in the environment or in .env; what depends on the settings was not checked";
    if (error instanceof ConfigError)
      return error.mistakes.map((mistake) => failure("settings", mistake, remedy));
    return [failure("settings", `they cannot be read: ${wordsOf(error)}`, remedy)];
  }
}

const MARKS = {
  ok: styleText("green", "ok  "),
  warn: styleText("yellow", "warn"),
  fail: styleText("red", "FAIL"),
};
const CHECK_CHARACTERS = 15;

function lineOf({ check, status, message, remedy }: Finding): string {
  const indent = " ".repeat(6 + CHECK_CHARACTERS + 1);
  const line = `${MARKS[status]}  ${check.padEnd(CHECK_CHARACTERS)} ${onOneLine(message)}\n`;
  return remedy ? `${line}${indent}→ ${onOneLine(remedy)}\n` : line;
}
