// The server speaks TLS itself, by a certificate of its own, and takes a renewed one without a restart.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import { makeCertificate } from "./certificates.ts";
import { eventually, workFolder } from "./cli-runner.ts";
import { freePort } from "./free-port.ts";
import { startProcess } from "./server-process.ts";
import { startServer } from "./start-server.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "colloquy-tls-"));
});
after(() => rm(folder, { recursive: true, force: true }));

async function get(url: string, ca: string) {
  const asking = request(url, { ca, agent: false }).end();
  const [response] = await once(asking, "response");
  return { status: response.statusCode, body: await json(response) };
}

test("pages, requests and sockets come by TLS where a certificate is set", async () => {
  const { certificateFile, keyFile, pem } = await makeCertificate(folder, "served");
  await using server = await startServer({
    builtIn: true,
    backend: "sqlite",
    environment: { TLS_CERT: certificateFile, TLS_KEY: keyFile },
  });
  assert.equal(server.url, `https://localhost:${server.port}`);
  const health = await get(`${server.url}/health`, pem);
  assert.equal(health.status, 200);

  const socket = new WebSocket(`wss://localhost:${server.port}/ws`, { ca: pem });
  const [greeting] = await once(socket, "message");
  assert.equal(JSON.parse(String(greeting)).type, "connection_established");
  socket.close();

  await assert.rejects(
    fetch(`http://127.0.0.1:${server.port}/health`),
    "nothing is served in clear",
  );
  await assert.rejects(get(`${server.url}/health`, ""), /self-signed/, "nobody is fooled");
});

test("a renewed certificate is used for new connections, one that cannot be used is not, and nobody is cut off", async () => {
  const first = await makeCertificate(folder, "renewed");
  await using server = await startServer({
    builtIn: true,
    backend: "sqlite",
    environment: { TLS_CERT: first.certificateFile, TLS_KEY: first.keyFile },
  });
  const socket = new WebSocket(`wss://localhost:${server.port}/ws`, { ca: first.pem });
  await once(socket, "message");
  await writeFile(first.certificateFile, "no certificate");
  const second = await makeCertificate(folder, "renewed");
  // It is looked for once a second.
  await eventually(async () => (await certificateOf(server.port)) === pemBody(second.pem));
  assert.equal((await get(`${server.url}/health`, second.pem)).status, 200);
  assert.equal(socket.readyState, WebSocket.OPEN);
  socket.close();
});

/** The certificate that a new connection is shown, in base64. */
async function certificateOf(port: number): Promise<string> {
  const socket: TLSSocket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const shown = socket.getPeerCertificate().raw.toString("base64");
  socket.destroy();
  await once(socket, "close");
  return shown;
}

const pemBody = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, "");

test("a wrong file is told by the name of its setting, by the server and by the doctor", async () => {
  const { certificateFile, keyFile } = await makeCertificate(folder, "right");
  const other = await makeCertificate(folder, "other");
  const missing = join(folder, "missing.pem");
  for (const [certificate, key, words] of [
    [missing, keyFile, /^TLS_CERT: \S+missing\.pem does not exist$/],
    [certificateFile, missing, /^TLS_KEY: \S+missing\.pem does not exist$/],
    [keyFile, keyFile, /^TLS_CERT: \S+right\.key holds no certificate in PEM/],
    [certificateFile, certificateFile, /^TLS_KEY: \S+right\.pem holds no private key in PEM/],
    [
      certificateFile,
      other.keyFile,
      /^TLS_KEY: \S+other\.key is not the key of the certificate in /,
    ],
    [certificateFile, folder, /^TLS_KEY: \S+ is a folder, not a file$/],
  ] as const)
    await assert.rejects(
      startServer({ builtIn: true, environment: { TLS_CERT: certificate, TLS_KEY: key } }),
      { message: words },
    );
  await using work = await workFolder();
  const environment = { PORT: String(await freePort()), TLS_CERT: certificateFile };
  const wrong = await work.run(["doctor"], {
    environment: { ...environment, TLS_KEY: other.keyFile },
  });
  assert.match(
    wrong.stdout,
    /^FAIL {2}TLS_CERT +TLS_KEY: .* is not the key of .*\n +→ correct TLS_CERT and TLS_KEY/m,
  );
  const half = await work.run(["doctor"], { environment });
  assert.match(half.stdout, /^FAIL {2}settings +TLS_KEY is needed with TLS_CERT/m);
});

test("colloquy serve --tls-cert --tls-key says by what it is reached, and the doctor finds it", async () => {
  const { certificateFile, keyFile, pem } = await makeCertificate(folder, "named");
  await using work = await workFolder();
  const port = await freePort();
  const environment = { PORT: String(port), HOST: "127.0.0.1", DATA_DIR: work.data };
  await using server = await startProcess(environment, [
    ...["--tls-cert", certificateFile, "--tls-key", keyFile],
  ]);
  assert.match(server.output(), new RegExp(`open https://localhost:${port} in a browser`));
  assert.match(server.output(), /^ {2}tls {5}localhost, 127\.0\.0\.1, valid until 20/m);
  assert.equal((await get(`https://localhost:${port}/health`, pem)).status, 200);
  const found = await work.run(["doctor"], {
    environment: { ...environment, TLS_CERT: certificateFile, TLS_KEY: keyFile },
  });
  assert.match(found.stdout, /^ok {4}TLS_CERT +localhost, 127\.0\.0\.1, valid until 20/m);
  assert.match(found.stdout, /^ok {4}server +runs at https:\/\/127\.0\.0\.1:\d+, version/m);
});
