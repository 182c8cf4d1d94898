import { INSTALL_POCKETSPHINX } from "../adapters/speech/pocketsphinx/find.ts";
import type { Config } from "../config/config.ts";
import { COMMAND } from "../domain/command.ts";
import { type RunningServer, startServer } from "../main.ts";
import { storageName } from "../wiring/storage.ts";
import { type Command, fail, readArguments } from "./command.ts";
import { configOfProcess } from "./environment.ts";
import { watchLauncher } from "./launcher.ts";
import type { Welcome } from "./replicas/messages.ts";
import { asReplica, type Replica } from "./replicas/replica.ts";
import { superviseReplicas } from "./replicas/supervisor.ts";
import { onSignals } from "./signals.ts";
import { certificateInWords, listed, OPEN_IN_WORDS } from "./wording.ts";
import { letYoungGenerationGrow } from "./young-generation.ts";

const HELP = `colloquy serve: start the server

Listens on PORT (8000) and stores in DATA_DIR (./data), or in the PostgreSQL of
DATABASE_URL. Without any setting the
built-in model answers, and programs of this machine need no key.
Ctrl-C, or SIGTERM, lets the replies that are being generated finish (30 s at
most) and closes; a second one ends at once. Started by npm, it closes when npm ends.

  PORT=9000 DATA_DIR=/var/lib/colloquy colloquy serve
  colloquy serve --tls-cert chain.pem --tls-key key.pem

  --replicas N      run N processes on this port (REPLICAS), for as many processors;
                    needs DATABASE_URL and REDIS_URL. One that ends is started again;
                    SIGUSR2 replaces them one by one, as after an update
  --tls-cert FILE   speak HTTPS and wss by this certificate (TLS_CERT)
  --tls-key FILE    its private key (TLS_KEY); renewed files are taken without a restart

Settings come from the environment and from a .env file in this folder;
docs/settings.md lists them.
`;

const OPTIONS = {
  replicas: { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
} as const;

export const serve: Command = async (args) => {
  const parsed = readArguments(args, OPTIONS, HELP);
  if (!parsed) return 0;
  const { replicas, "tls-cert": certificate, "tls-key": key } = parsed.values;
  const config = configOfProcess({ REPLICAS: replicas, TLS_CERT: certificate, TLS_KEY: key });
  const replica = asReplica();
  if (replica) return serveAsReplica(config, replica);
  const launcherGone = Promise.withResolvers<void>();
  using _watch = watchLauncher(launcherGone.resolve);
  if (config.replicas > 1)
    return superviseReplicas(config.replicas, {
      told: untilTold(launcherGone.promise),
      onRunning: ({ facts, advice }, pids) =>
        greet({
          facts: [...facts, `  replicas ${pids.length} (processes ${listed(pids.map(String))})`],
          advice,
        }),
    });
  let server: RunningServer;
  try {
    // Whatever does not go to a terminal may be shipped as a log, and read by others.
    server = await startServer(config, { canShowCode: process.stderr.isTTY });
  } catch (error) {
    return fail(explain(error, config));
  }
  letYoungGenerationGrow(true);
  greet(welcome(server, config));
  await untilTold(launcherGone.promise);
  await server.close();
  return 0;
};

/** Serves until the process that supervises it says otherwise. */
async function serveAsReplica(config: Config, replica: Replica): Promise<number> {
  let server: RunningServer;
  try {
    server = await startServer(config, { otherMetrics: replica.otherMetrics });
  } catch (error) {
    replica.failed(explain(error, config));
    return 1;
  }
  letYoungGenerationGrow(true);
  replica.giveMetrics(server.metrics);
  replica.running(welcome(server, config));
  await replica.closing;
  await server.close();
  await replica.leave();
  return 0;
}

/** Resolves at the first signal, or when npm, which started this, has ended. A second signal ends the process. */
function untilTold(launcherGone: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    let isTold = false;
    const tell = (reason: string) => {
      if (isTold) return;
      isTold = true;
      process.stderr.write(`\n${reason}: waiting for replies that are being generated\n`);
      resolve();
    };
    onSignals(() => {
      if (isTold) process.exit(1);
      tell("Closing (press Ctrl-C again to end at once)");
    });
    void launcherGone.then(() => tell("Closing, since npm has ended"));
  });
}

function greet({ facts, advice }: Welcome): void {
  process.stderr.write(`${[...facts, ...advice].join("\n")}\n`);
}

function welcome(server: RunningServer, config: Config): Welcome {
  const { url, model, certificate } = server;
  const facts = [
    `Colloquy is running: open ${url} in a browser   (API reference: ${url}/docs)`,
    `  store   ${storageName(config)}`,
    `  model   ${model}${model === "builtin/echo" ? ", which only repeats what it is told" : ""}`,
    ...accessLines(server, config),
    `  clients of OpenAI's API: base URL ${url}/v1, API key ${server.isClaimed ? "one of this server's" : "any word"}`,
    `  programs that speak MCP: ${url}/mcp, or the command '${COMMAND} mcp'`,
    ...(certificate ? [`  tls     ${certificateInWords(certificate)}`] : []),
    `  voice   hears by ${server.speech.transcriber ?? `no recogniser (${INSTALL_POCKETSPHINX}, or set STT_BASE_URL)`}, speaks by ${server.speech.synthesizer ?? "nothing"}`,
  ];
  if (server.interruptedReplies)
    facts.push(
      `  note    ${server.interruptedReplies} replies had been cut off by the last stop; they are kept, marked interrupted`,
    );
  return { facts, advice: model === "builtin/echo" ? CONNECT_A_MODEL : [] };
}

const CONNECT_A_MODEL = [
  "To connect a real model, stop this and start it with one of:",
  "  OPENROUTER_API_KEY=… npm start",
  "  CEREBRAS_API_KEY=… npm start",
  "  OPENAI_BASE_URL=http://localhost:8080/v1 npm start     (vLLM, llama.cpp, LM Studio, …; OPENAI_API_KEY if it wants one)",
  "A running Ollama is found by itself.",
];

function accessLines({ isClaimed, claimCode }: RunningServer, config: Config): string[] {
  const lines = isClaimed
    ? [`  access  by key (${COMMAND} keys list)`]
    : [
        `  access  programs of this machine only, without a key (${COMMAND} keys create opens it to others)`,
      ];
  if (claimCode)
    lines.push(`  claim   ${claimCode}   (once: the page asks for it where the first key is made)`);
  if (config.anonymous === "open") lines.push(`  OPEN    ${OPEN_IN_WORDS}`);
  return lines;
}

function explain(error: unknown, config: Config): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return `PORT ${config.port} is in use by another program. Stop it, or choose another: PORT=${config.port + 1} npm start`;
  if (code === "EACCES")
    return `This user may not listen on PORT ${config.port}. Choose one above 1023: PORT=8000 npm start`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `HOST '${config.host}' is no address of this machine. Use 0.0.0.0 or 127.0.0.1`;
  return message;
}
