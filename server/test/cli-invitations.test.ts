// Invitations are made, shown and revoked by the command, and a server follows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, workFolder } from "./cli-runner.ts";
import { sessionOf } from "./provider-server.ts";
import { startServer } from "./start-server.ts";

const LINK = /^https:\/\/chat\.example\.com\/talk\/app\/invitation#(ci_[\w-]{43})\n$/;

test("[H75] the command makes an invitation that a running server takes, lists it without its secret, and ends it", async () => {
  await using folder = await workFolder();
  const tooEarly = await folder.run(["invitations", "create"]);
  assert.equal(tooEarly.code, 1);
  assert.match(tooEarly.stderr, /First run: .*keys create/);
  assert.equal((await folder.run(["keys", "create", "--quiet"])).code, 0);

  await using server = await startServer({ directory: folder.data, builtIn: true });
  const settings = { environment: { PUBLIC_URL: "https://chat.example.com/talk" } };
  const options = ["--name", "Bob", "--from", "Ann", "--user", "bob", "--days", "3"];
  const made = await folder.run(["invitations", "create", ...options], settings);
  assert.equal(made.code, 0, made.stderr);
  const [, secret = ""] = LINK.exec(made.stdout) ?? [];
  assert.notEqual(secret, "", made.stdout);
  assert.match(made.stderr, /shown this once/);
  assert.ok(!made.stderr.includes(secret), "the link is on standard output alone");

  const post = (path: string) =>
    fetch(`${server.url}/sign-in/invitation${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ secret }),
    });
  assert.equal((await (await post("")).json()).invited_by, "Ann");
  const cookie = sessionOf(await post("/accept"));
  const account = () => fetch(`${server.url}/v1/chat/account`, { headers: { cookie } });
  assert.equal((await (await account()).json()).data.user_id, "bob");

  const listed = await folder.run(["invitations", "list"]);
  assert.match(listed.stdout, /^[0-9a-f-]{36} +Bob +local +bob +- +all +\d{4}-.* +\d{4}-/m);
  assert.ok(!listed.stdout.includes(secret));
  const [invitation] = JSON.parse((await folder.run(["invitations", "list", "--json"])).stdout);
  assert.deepEqual([invitation.name, invitation.hash], ["Bob", undefined]);
  const revoked = await folder.run(["invitations", "revoke", invitation.id]);
  assert.equal(revoked.code, 0, revoked.stderr);
  await eventually(async () => (await account()).status === 401);
  const again = await folder.run(["invitations", "revoke", invitation.id]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /There is no invitation/);
});

test("[X13] an invitation claims the server, also where the provider by which it was made is gone; the first key is an operator's all the same", async () => {
  await using folder = await workFolder();
  await using server = await startServer({ directory: folder.data, builtIn: true });
  const ask = () => fetch(`${server.url}/conversations?user_id=bob`);
  assert.equal((await ask()).status, 200);
  const environment = { AUTH_JWT_ISSUER: "https://id.example", SIGN_IN_CLIENT_ID: "colloquy" };
  const made = await folder.run(["invitations", "create", "--user", "bob"], { environment });
  assert.equal(made.code, 0, made.stderr);
  await eventually(async () => (await ask()).status === 401);
  const key = (await folder.run(["keys", "create", "--quiet"])).stdout.trim();
  const headers = { authorization: `Bearer ${key}` };
  assert.equal((await fetch(`${server.url}/v1/chat/keys`, { headers })).status, 200);
});

test("what the command does not understand is said, and makes nothing", async () => {
  await using folder = await workFolder();
  for (const [args, words] of [
    [["create", "--days", "91"], /--days must be 1 to 90/],
    [["create", "--session-days", "a"], /--session-days must be 1 to 365/],
    [["create", "--name", ""], /--name must not be empty/],
    [["revoke"], /Say which invitation/],
    [["make"], /no command 'invitations make'/],
  ] as const) {
    const { code, stderr } = await folder.run(["invitations", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, words);
  }
  assert.match((await folder.run(["invitations", "list"])).stderr, /There are no invitations/);
});
