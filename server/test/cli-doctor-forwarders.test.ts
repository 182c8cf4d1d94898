// The doctor on proxies and tunnels of the server's machine: which of them lets strangers in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type WorkFolder, workFolder } from "./cli-runner.ts";
import { startForwarder, withoutForwarders } from "./forwarders.ts";
import { startTunnel, withoutTunnels } from "./ssh-tunnel.ts";
import { startServer } from "./start-server.ts";

type Found = { readonly status: string; readonly message: string };

async function about(folder: WorkFolder, port: number, environment = {}): Promise<Found[]> {
  const options = { environment: { PORT: String(port), ...environment } };
  const { stdout } = await folder.run(["doctor", "--json"], options);
  const { findings } = JSON.parse(stdout) as { findings: (Found & { check: string })[] };
  return findings.filter(({ check }) => check === "proxies");
}

test("[X13] the doctor finds the proxies that lead to the server, and says through which strangers are served", {
  skip: withoutForwarders,
}, async () => {
  await using folder = await workFolder();
  await using server = await startServer({ builtIn: true });
  const found = () => about(folder, server.port);
  const warnings = async () => (await found()).filter(({ status }) => status === "warn");
  const isAbout = (name: string, port: number) => (finding: Found) =>
    finding.message.includes(`${name} at port ${port}`);

  await using nginx = await startForwarder("nginx, bare", server.port);
  await using stranger = await startForwarder("socat, of another user", server.port);
  const harmless = await warnings();
  for (const { name, port } of [nginx, stranger])
    assert.ok(!harmless.some(isAbout(name.split(",")[0] ?? "", port)), JSON.stringify(harmless));

  await using own = await startForwarder("socat, of the same user", server.port);
  const [warning] = (await warnings()).filter(isAbout("socat", own.port));
  assert.match(warning?.message ?? "", /serves them without a key/);
  await using tls = await startForwarder("socat, of the same user, TLS", server.port);
  assert.ok((await warnings()).some(isAbout("socat", tls.port)), "behind TLS, too");
  await folder.run(["keys", "create", "--name", "me"]);
  assert.deepEqual(await found(), [], "where a key is needed it does not matter who passes on");
});

test("[X13] the doctor names an ssh that may hold a tunnel open to the server", {
  skip: withoutTunnels,
}, async () => {
  await using folder = await workFolder();
  await using server = await startServer({ builtIn: true });
  await using _tunnel = await startTunnel("ssh -R, of the same user", server.port);
  const found = await about(folder, server.port);
  const aboutSsh = found.filter(({ message }) => /\bssh\b/.test(message));
  assert.deepEqual(
    aboutSsh.map(({ status }) => status),
    ["warn"],
    JSON.stringify(found),
  );
});
