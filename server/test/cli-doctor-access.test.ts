// The doctor on who gets in: the issuer of tokens, and the way from PUBLIC_URL to the server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type WorkFolder, workFolder } from "./cli-runner.ts";
import { freePort } from "./free-port.ts";
import { startIssuer } from "./issuer-server.ts";
import { startProvider } from "./provider-server.ts";
import { startServer } from "./start-server.ts";

async function about(folder: WorkFolder, check: string, environment: Record<string, string>) {
  const options = { environment: { PORT: String(await freePort()), ...environment } };
  const { stdout } = await folder.run(["doctor", "--json"], options);
  const { findings } = JSON.parse(stdout) as {
    findings: { check: string; status: string; message: string; remedy: string }[];
  };
  return findings
    .filter((finding) => finding.check === check)
    .map(({ status, message, remedy }) => `${status}: ${message} → ${remedy}`)
    .join("\n");
}

test("an issuer whose keys cannot be had is a failure", async () => {
  await using folder = await workFolder();
  await using issuer = await startIssuer();
  assert.match(await about(folder, "sign-in", issuer.environment), /^ok: .*\(its keys: 3\)/);
  assert.match(
    await about(folder, "access", issuer.environment),
    /^ok: by the provider of AUTH_JWT_ISSUER: no key was ever made/,
  );
  const wrong = { ...issuer.environment, AUTH_JWT_ISSUER: `${issuer.url}/` };
  assert.match(await about(folder, "sign-in", wrong), /^fail: .*written exactly so/);
  const button = { AUTH_JWT_ISSUER: issuer.url, SIGN_IN_CLIENT_ID: "x", SIGN_IN_NAME: "Kestrel" };
  assert.match(
    await about(folder, "sign-in", button),
    /^fail: nobody can sign in with Kestrel .*no usable authorization_endpoint/,
  );
  await using provider = await startProvider();
  assert.match(
    await about(folder, "sign-in", provider.environment),
    /^ok: people can sign in with Kestrel ID/,
  );
  issuer.fail(true);
  assert.match(await about(folder, "sign-in", issuer.environment), /^fail: .*answered with 500/);
});

/** A proxy that passes requests on, but no upgrade; or upgrades too, but collects every answer first. */
async function startProxy(port: number, kind: "plain" | "collecting") {
  const proxy = createServer((incoming, outgoing) => {
    const { upgrade, connection, ...headers } = incoming.headers;
    const { url, method } = incoming;
    request({ port, host: "127.0.0.1", path: url, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (kind === "plain") return void answer.pipe(outgoing);
      outgoing.flushHeaders();
      return void answer.toArray().then((pieces) => outgoing.end(Buffer.concat(pieces)));
    }).end();
  });
  if (kind === "plain") Object.assign(proxy, { shouldUpgradeCallback: () => false });
  proxy.on("upgrade", (incoming, socket) => {
    const outgoing = request({
      port,
      host: "127.0.0.1",
      path: incoming.url,
      headers: incoming.headers,
    });
    // Any answer of ours says that the upgrade arrived.
    outgoing.on("upgrade", (_answer, other) => other.destroy());
    outgoing.on("upgrade", () => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    outgoing.end();
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    [Symbol.dispose]() {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

test("PUBLIC_URL must lead to the server, and WebSockets and streams must pass", async () => {
  await using folder = await workFolder();
  await using server = await startServer({ builtIn: true });
  const at = (url: string) => about(folder, "PUBLIC_URL", { PUBLIC_URL: url });
  assert.match(await at(`http://127.0.0.1:${server.port}`), /^ok: .*WebSockets and streams pass/m);
  using plain = await startProxy(server.port, "plain");
  assert.match(await at(plain.url), /^fail: .*leaves out the header Upgrade/m);
  using collecting = await startProxy(server.port, "collecting");
  assert.match(await at(collecting.url), /^fail: .*collects a stream until it ends/m);
  assert.match(await at("http://127.0.0.1:9"), /^warn: .*cannot be reached/m);
  await using issuer = await startIssuer();
  assert.match(await at(issuer.url), /^warn: .*is not answered by Colloquy/m);
});
