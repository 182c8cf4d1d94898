// The frame for images of other hosts: whatever the address says, it can only be an image's.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startServer } from "./start-server.ts";

const frame = (url: string, source: string) =>
  fetch(`${url}/app/image?src=${encodeURIComponent(source)}`);

test("an image's frame may load images of that one origin, and the server fetches nothing", async () => {
  let visits = 0;
  const host = createServer((_request, response) => {
    visits++;
    response.end();
  });
  await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
  try {
    await using server = await startServer({ builtIn: true });
    const { port } = host.address() as AddressInfo;
    const response = await frame(server.url, `http://127.0.0.1:${port}/a.png?b=1&c=2#d`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
    assert.equal(response.headers.get("referrer-policy"), "no-referrer");
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(
      policy,
      new RegExp(`^default-src 'none'; img-src http://127\\.0\\.0\\.1:${port}; style-src 'sha256-`),
    );
    assert.match(policy, /; sandbox$/);
    assert.match(
      await response.text(),
      new RegExp(`<img src="http://127\\.0\\.0\\.1:${port}/a\\.png\\?b=1&#38;c=2#d"`),
    );
    assert.equal(visits, 0);
  } finally {
    host.close();
  }
});

test("addresses that break out of an attribute or a policy do not", async () => {
  await using server = await startServer({ builtIn: true });
  for (const source of [
    `https://a.example/"><script>alert(1)</script>`,
    `https://a.example/' onerror='alert(1)`,
    'https://a.example/x.png?q="onload=alert(1)',
    "https://a.example/#</title><script>alert(1)</script>",
    "HTTPS://A.EXAMPLE/<!--",
    "https://a.example/\r\nSet-Cookie: a=b",
    "https://a.example/;script-src *",
  ]) {
    const response = await frame(server.url, source);
    assert.equal(response.status, 200, source);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(
      policy,
      /^default-src 'none'; img-src https:\/\/a\.example; style-src '[^']+'; frame-ancestors 'self' http:\/\/localhost:5000; sandbox$/,
    );
    assert.equal(response.headers.get("set-cookie"), null);
    const text = await response.text();
    const [, inside = "", rest] = /<img src="([^"]*)"([^<]*)$/.exec(text) ?? [];
    assert.ok(!/[<>'"]/.test(inside), text);
    assert.equal(rest, ' alt="" referrerpolicy="no-referrer">', text);
  }
});

test("what is no image's address is refused", async () => {
  await using server = await startServer({ builtIn: true });
  for (const source of [
    "",
    "javascript:alert(1)",
    "data:image/svg+xml,<svg/>",
    "file:///etc/passwd",
    "//a.example/b.png",
    "/app/icon.svg",
    "ftp://a.example/b.png",
    "https://",
    "https://user:secret@a.example/b.png",
    "https://a.example;script-src%20*/b.png",
    "https://a'b.example/",
    "https://*/b.png",
    "https://*.example/b.png",
    " https://a.example/b.png",
    `https://a.example/${"x".repeat(5000)}`,
  ]) {
    const response = await frame(server.url, source);
    assert.equal(response.status, 400, source);
    assert.match(response.headers.get("content-type") ?? "", /json/);
  }
  assert.equal((await fetch(`${server.url}/app/image`)).status, 400);
  assert.equal(
    (await fetch(`${server.url}/app/image?src=https://a.example&src=https://b.example`)).status,
    400,
  );
});

test("an image opens in the page's frame alone, and not as a page of its own", async () => {
  await using server = await startServer({ builtIn: true });
  const opened = async (place: string) =>
    fetch(`${server.url}/app/image?src=https://a.example/b.png`, {
      headers: { "sec-fetch-dest": place },
    });
  assert.equal((await opened("iframe")).status, 200);
  for (const place of ["document", "embed", "object", "frame", "image", "script", "empty"]) {
    const refused = await opened(place);
    assert.equal(refused.status, 403, place);
    assert.doesNotMatch(await refused.text(), /a\.example/);
  }
});
