import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { openPage, withoutBrowser } from "./browser.ts";

const skip = withoutBrowser;

test("[X3] a browser at / is sent to the web app", { skip }, async () => {
  await using server = await startServer({ builtIn: true });
  await using opened = await openPage(server.url);
  const answer = await opened.page.goto(server.url);
  assert.equal(answer?.url(), `${server.url}/app/`);
  assert.match(answer?.headers()["content-security-policy"] ?? "", /script-src 'self'/);
  await opened.page.getByRole("main").waitFor();
  assert.deepEqual(opened.problems, []);
});

test("only files of the build are files; every other address is the page", async () => {
  await using server = await startServer({ builtIn: true });
  const page = await fetch(`${server.url}/app/c/some-id`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-type") ?? "", /text\/html/);
  for (const path of ["assets/none.js", "assets/..%2f..%2fpackage.json", "..%2f..%2fpackage.json"])
    assert.ok(!(await (await fetch(`${server.url}/app/${path}`)).text()).includes("dependencies"));
  assert.equal((await fetch(`${server.url}/app/assets/none.js`)).status, 404);
});
