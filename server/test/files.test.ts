// Files by wire 004: what is taken, what is refused, and how it is given back.
// Takes: 20 s
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { gif, jpeg, pdf, png, upload, webp, zipWith } from "./file-samples.ts";
import { exchange } from "./raw-socket.ts";
import { BACKEND, startServer } from "./start-server.ts";
import { makeKey, TIME, UUID } from "./wire-client.ts";

const OFFICE = "application/vnd.openxmlformats-officedocument.";

describe("files", () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let key: string;
  before(async () => {
    server = await startServer({ builtIn: true, environment: { FILES_MB_PER_USER: "60" } });
    key = await makeKey(server, { actAs: true });
  });
  after(() => server[Symbol.asyncDispose]());

  const someone = () => {
    const user = randomUUID();
    const { open, call } = caller(server.url, key);
    const headers = (more?: Readonly<Record<string, string>>) => ({ user, headers: more ?? {} });
    return {
      user,
      open: (path: string, more?: Readonly<Record<string, string>>) => open(path, headers(more)),
      call: (path: string, options = {}) => call(path, { user, ...options }),
      upload: (content: Parameters<typeof upload>[1], options: Parameters<typeof upload>[2] = {}) =>
        upload(server.url, content, { user, key, ...options }),
    };
  };
  const bytesIn = async (): Promise<string[]> => {
    const names = await readdir(join(server.directory, "files"), { recursive: true });
    return names.filter((name) => /[0-9a-f]{64}$/.test(name));
  };

  test("[H11] a file that was uploaded comes back as it was, with what its bytes are", async () => {
    const alice = someone();
    const image = png(7, 5);
    const { status, body } = await alice.upload(image, { name: "größe 1.png", type: "image/png" });
    assert.equal(status, 201, JSON.stringify(body));
    const { id, created_at, ...rest } = body.data;
    assert.match(id, UUID);
    assert.match(created_at, TIME);
    assert.deepEqual(rest, {
      name: "größe 1.png",
      media_type: "image/png",
      bytes: image.length,
      width: 7,
      height: 5,
      read_as: "image",
      sha256: createHash("sha256").update(image).digest("hex"),
      state: "ready",
    });
    assert.deepEqual((await alice.call(`/files/${id}`)).body.data, body.data);
    const content = await alice.open(`/files/${id}/content`);
    assert.equal(content.status, 200);
    assert.deepEqual(Buffer.from(await content.arrayBuffer()), image);
    assert.equal(content.headers.get("content-length"), String(image.length));
    const deleted = await alice.call(`/files/${id}`, { method: "DELETE" });
    assert.deepEqual([deleted.status, deleted.body.data], [200, { id }]);
    for (const path of [`/files/${id}`, `/files/${id}/content`])
      assert.equal((await alice.call(path)).status, 404);
    assert.equal((await alice.call(`/files/${id}`, { method: "DELETE" })).status, 404);
  });

  test("[H11] the type is what the bytes are, also where the sender names another of its kind or none", async () => {
    const alice = someone();
    const docx = zipWith("word/document.xml");
    const cases: [Uint8Array | string, string, string, string][] = [
      [png(), "", "a.png", "image/png"],
      [png(), "image/jpeg", "a.jpg", "image/png"],
      [jpeg, "image/jpeg", "a.jpg", "image/jpeg"],
      [gif, "image/gif", "a.gif", "image/gif"],
      [webp, "image/webp", "a.webp", "image/webp"],
      [pdf, "application/pdf", "a.pdf", "application/pdf"],
      [docx, "", "a.docx", `${OFFICE}wordprocessingml.document`],
      [zipWith("xl/workbook.xml"), "application/zip", "a", `${OFFICE}spreadsheetml.sheet`],
      ["Hello, wörld", "text/plain; charset=utf-8", "a.txt", "text/plain"],
      ["a;b\n1;2", "", "a.csv", "text/csv"],
      ["a,b", "text/csv", "table", "text/csv"],
      ["# Title", "text/plain", "a.md", "text/markdown"],
      ['{"a":1}', "application/json", "a", "application/json"],
      ["\n <!DOCTYPE html><p>", "text/plain", "a.txt", "text/html"],
      ["<svg xmlns='x'/>", "image/svg+xml", "a.svg", "image/svg+xml"],
      ["<?xml version='1.0'?>\n<!-- a -->\n<svg/>", "text/plain", "a.txt", "image/svg+xml"],
    ];
    for (const [content, type, name, found] of cases) {
      const claimed = type === "" ? { name } : { name, type };
      const { status, body } = await alice.upload(content, claimed);
      // What is called an image and is a text is no image, but for SVG.
      if (type === "image/svg+xml") assert.equal(status, 201);
      assert.equal(status, 201, `${name} ${type}: ${JSON.stringify(body)}`);
      assert.equal(body.data.media_type, found, `${name} ${type}`);
    }
    const { body } = await alice.upload(jpeg, { type: "image/jpeg" });
    assert.deepEqual([body.data.width, body.data.height, body.data.name], [5, 4, "file"]);
  });

  test("[H12] a file that is not what it says, of no kind that is taken, empty or damaged is refused in words, and nothing is kept", async () => {
    const alice = someone();
    const before = (await bytesIn()).length;
    const cases: [number, string, RegExp, Uint8Array | string, Record<string, string>?][] = [
      [422, "UNPROCESSABLE", /said to be an image \(image\/png\).*text\/plain/, "no image", {}],
      [422, "UNPROCESSABLE", /said to be an image .*text\/html/, "<html><script>", {}],
      [422, "UNPROCESSABLE", /said to be a PDF/, png(9, 9, 1), { type: "application/pdf" }],
      [422, "UNPROCESSABLE", /said to be text/, png(9, 9, 2), { type: "text/plain" }],
      [422, "UNPROCESSABLE", /damaged/, png().subarray(0, 12), {}],
      [422, "UNPROCESSABLE", /too many pixels: 20000 × 20000/, hugePng(), {}],
      [415, "UNSUPPORTED_MEDIA_TYPE", /Send an image/, Buffer.from([1, 2, 0, 255, 7]), {}],
      [
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        /Send an image/,
        Buffer.from("gr\xfc\xdfe", "latin1"),
        { type: "text/plain" },
      ],
      [
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        /Send an image/,
        zipWith("virus.exe"),
        { type: "application/zip" },
      ],
      [400, "VALIDATION_ERROR", /empty/, "", {}],
      [
        400,
        "VALIDATION_ERROR",
        /control characters/,
        "x",
        { name: "a\u0007b", type: "text/plain" },
      ],
    ];
    for (const [status, code, says, content, options = {}] of cases) {
      const answer = await alice.upload(content, { type: "image/png", ...options });
      assert.equal(answer.status, status, `${says}: ${JSON.stringify(answer.body)}`);
      assert.equal(answer.body.error.code, code);
      assert.match(answer.body.message, says);
    }
    assert.equal((await bytesIn()).length, before);
    assert.deepEqual(await readdir(join(server.directory, "files/tmp")), []);
  });

  test("[H12] images have 20 MB, documents 50 MB, a user his quota; more is 413 and nothing is kept", async () => {
    const alice = someone();
    const tooLarge = async (content: Uint8Array | ReadableStream, type: string, says: RegExp) => {
      const { status, body } = await alice.upload(content, { type });
      assert.equal(status, 413, JSON.stringify(body));
      assert.equal(body.error.code, "PAYLOAD_TOO_LARGE");
      assert.match(body.message, says);
    };
    const image = Buffer.concat([png(), Buffer.alloc(20 * 1024 * 1024)]);
    await tooLarge(image, "image/png", /An image may have at most 20 MB/);
    const pieces = function* () {
      for (let megabytes = 0; megabytes <= 50; megabytes++)
        yield new Uint8Array(1024 * 1024).fill(120);
    };
    // Without a Content-Length, so that it is counted as it comes.
    await tooLarge(
      Readable.toWeb(Readable.from(pieces())) as ReadableStream,
      "text/plain",
      /A file may have at most 50 MB/,
    );
    const declared = { "content-length": String(52 * 1024 * 1024 + 100_000) };
    await tooLarge(Buffer.alloc(Number(declared["content-length"]), 120), "text/plain", /50 MB/);
    const forty = Buffer.alloc(40 * 1024 * 1024, 97);
    assert.equal((await alice.upload(forty, { type: "text/plain" })).status, 201);
    await tooLarge(Buffer.alloc(40 * 1024 * 1024, 98), "text/plain", /Your files may take 60 MB/);
    assert.equal(
      (await someone().upload(Buffer.from("his own"), { type: "text/plain" })).status,
      201,
    );
    // Both of two uploads at once would fit if the other were not there.
    const bob = someone();
    const both = await Promise.all(
      [1, 2].map((fill) =>
        bob.upload(Buffer.alloc(35 * 1024 * 1024, 98 + fill), { type: "text/plain" }),
      ),
    );
    assert.ok(
      both.some(({ status }) => status === 413),
      "one of two at once is over the quota",
    );
  });

  test("[H11] of a form that is cut off after its file nothing is kept", async () => {
    const alice = someone();
    const owner = { tenantId: "local", userId: alice.user };
    await alice.upload("here before");
    const before = await bytesIn();
    const used = await server.store.countFileBytes(owner);
    const file = `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${randomUUID()}\r\n--b`;
    const head = `POST /v1/chat/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nX-User-Id: ${alice.user}\r\nContent-Type: multipart/form-data; boundary=b\r\n`;
    const field = `\r\nContent-Disposition: form-data; name="note"\r\n\r\nand`;
    const whole = `${file}${field}`;
    const sent = (body: string, bytes = body.length) =>
      exchange(server.port, `${head}Connection: close\r\nContent-Length: ${bytes}\r\n\r\n${body}`);
    assert.match(await sent(whole), /^HTTP\/1\.1 400/, "it has no last boundary");
    const other = file.replace("a.txt", "b.txt");
    assert.match(await sent(`${file}\r\n${other.slice(3)}--\r\n`), /^HTTP\/1\.1 400/, "two files");
    const socket = connect(server.port, "127.0.0.1");
    const closed = once(socket, "close");
    socket.on("error", () => {}).end(`${head}Content-Length: ${whole.length + 9}\r\n\r\n${whole}`);
    socket.resume();
    await closed;
    assert.equal(await server.store.countFileBytes(owner), used);
    assert.deepEqual(await bytesIn(), before);
    assert.match(await sent(`${whole}\r\n--b--\r\n`), /^HTTP\/1\.1 201/);
  });

  test("[H11] a form is taken like a body, and what is no form of one file is refused", async () => {
    const alice = someone();
    const sendForm = async (form: FormData) => {
      const response = await fetch(`${server.url}/v1/chat/files`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "x-user-id": alice.user },
        body: form,
      });
      return {
        status: response.status,
        body: (await response.json()) as {
          data: { id: string; name: string; media_type: string };
          message: string;
        },
      };
    };
    const text = `--boundary\r\n\r\n${"line\r\n--\r\n".repeat(20_000)}`;
    const form = new FormData();
    form.append("note", "passed over");
    form.append("file", new Blob([text], { type: "text/markdown" }), 'naïve "q".md');
    const { status, body } = await sendForm(form);
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual([body.data.name, body.data.media_type], ['naïve "q".md', "text/markdown"]);
    assert.equal(await (await alice.open(`/files/${body.data.id}/content`)).text(), text);
    const two = new FormData();
    two.append("file", new Blob(["1"]), "1.txt");
    two.append("file", new Blob(["2"]), "2.txt");
    const none = new FormData();
    none.append("file", "only a value");
    for (const wrong of [two, none]) {
      const answer = await sendForm(wrong);
      assert.equal(answer.status, 400);
      assert.match(answer.body.message, /The form cannot be accepted/);
    }
    for (const [type, content] of [
      ["multipart/form-data", "x"],
      ["multipart/form-data; boundary=b", "--b\r\nno end"],
      ["multipart/form-data; boundary=b", `--b\r\n${"x".repeat(100_000)}`],
    ] as const) {
      const answer = await alice.upload(content, { type });
      assert.equal(answer.status, 400);
      assert.match(answer.body.message, /The form cannot be read/);
    }
  });

  test("[H13] ranges are 206, 416 behind the end, and the whole where the file is another than If-Range says", async () => {
    const alice = someone();
    const content = "0123456789";
    const { body } = await alice.upload(content, { type: "text/plain", name: "ten.txt" });
    const get = (headers?: Record<string, string>) =>
      alice.open(`/files/${body.data.id}/content`, headers);
    const tag = (await get()).headers.get("etag") ?? "";
    assert.match(tag, /^"[0-9a-f]{64}"$/);
    const cases: [Record<string, string>, number, string, string | null][] = [
      [{ range: "bytes=2-4" }, 206, "234", "bytes 2-4/10"],
      [{ range: "bytes=7-" }, 206, "789", "bytes 7-9/10"],
      [{ range: "bytes=-3" }, 206, "789", "bytes 7-9/10"],
      [{ range: "bytes=0-99" }, 206, content, "bytes 0-9/10"],
      [{ range: "bytes=2-4", "if-range": tag }, 206, "234", "bytes 2-4/10"],
      [{ range: "bytes=2-4", "if-range": '"other"' }, 200, content, null],
      [{ range: "bytes=1-2,4-5" }, 200, content, null],
      [{ range: "lines=1-2" }, 200, content, null],
      [{ range: "bytes=4-2" }, 200, content, null],
      [{ "if-none-match": tag }, 304, "", null],
    ];
    for (const [headers, status, text, range] of cases) {
      const answer = await get(headers);
      assert.equal(answer.status, status, JSON.stringify(headers));
      assert.equal(await answer.text(), text);
      assert.equal(answer.headers.get("content-range"), range);
      assert.equal(answer.headers.get("accept-ranges"), "bytes");
    }
    for (const range of ["bytes=10-", "bytes=-0"]) {
      const answer = await get({ range });
      assert.equal(answer.status, 416);
      assert.equal(answer.headers.get("content-range"), "bytes */10");
      const { success, message } = (await answer.json()) as { success: boolean; message: string };
      assert.deepEqual(
        [success, message],
        [false, "The range begins behind the end of the file, which has 10 bytes"],
      );
    }
  });

  test("[H13] only raster images and PDFs are shown; nothing can run, and no type is guessed", async () => {
    const alice = someone();
    const cases: [Uint8Array | string, string, string, string][] = [
      [png(), "a.png", "image/png", "inline"],
      [pdf, "a.pdf", "application/pdf", "inline"],
      ["<html><script>alert(1)</script>", "a.html", "application/octet-stream", "attachment"],
      ["<svg onload='alert(1)'/>", "a.svg", "application/octet-stream", "attachment"],
      ["plain", 'ä"\\;.txt', "text/plain; charset=utf-8", "attachment"],
    ];
    for (const [content, name, type, disposition] of cases) {
      const { body } = await alice.upload(content, { name });
      const { headers } = await alice.open(`/files/${body.data.id}/content`);
      assert.equal(headers.get("content-type"), type, name);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'; sandbox/);
      assert.match(
        headers.get("content-disposition") ?? "",
        new RegExp(`^${disposition}; filename="[^"]*"; filename\\*=UTF-8''[\\w.%!#$&+^\`|~-]+$`),
      );
    }
  });

  test("[X9] a file of another user is 404, byte for byte the same as none, by id and by digest", async () => {
    const [alice, bob] = [someone(), someone()];
    const { body } = await alice.upload(png(11, 11), { type: "image/png" });
    const { id, sha256 } = body.data;
    const nothing = randomUUID();
    for (const [method, path] of [
      ["GET", ""],
      ["GET", "/content"],
      ["DELETE", ""],
    ] as const) {
      const theirs = await bob.call(`/files/${id}${path}`, { method });
      const none = await bob.call(`/files/${nothing}${path}`, { method });
      assert.deepEqual([theirs.status, theirs.body], [404, none.body]);
      assert.deepEqual(theirs.body.message, "File not found");
      for (const name of [sha256, `${sha256.slice(0, 2)}%2F${sha256}`, "..%2Fcolloquy.db"])
        assert.equal((await bob.call(`/files/${name}${path}`, { method })).status, 404);
    }
    // The same bytes of two users are two files: one's deletion is not the other's.
    const his = (await bob.upload(png(11, 11), { type: "image/png" })).body.data.id;
    await bob.call(`/files/${his}`, { method: "DELETE" });
    assert.equal((await alice.open(`/files/${id}/content`)).status, 200);
  });

  test("[X8] an upload that is repeated with its Idempotency-Key gives the first file; another one is 409", async () => {
    const alice = someone();
    const again = (content: string, name = "a.txt") =>
      alice.upload(content, { name, type: "text/plain", headers: { "idempotency-key": "one" } });
    const first = await again("the same");
    const second = await again("the same");
    assert.deepEqual([first.status, second.status], [201, 201]);
    assert.equal(second.body.data.id, first.body.data.id);
    for (const other of [await again("another"), await again("the same", "b.txt")])
      assert.equal(other.status, 409);
  });

  test("[X4] a file needs a credential before a byte of it is read, and uploads and deletions are in the audit log", async () => {
    const refused = await upload(server.url, "text", { key: "ck_wrong" });
    assert.equal(refused.status, 401);
    const alice = someone();
    const { id } = (await alice.upload("noted", { type: "text/plain" })).body.data;
    await alice.call(`/files/${id}`, { method: "DELETE" });
    const events = await server.store.listAuditEvents({ limit: 20 });
    const about = events
      .filter((event) => event.about === id)
      .map(({ action, userId }) => [action, userId]);
    assert.deepEqual(about.sort(), [
      ["file_deleted", alice.user],
      ["file_uploaded", alice.user],
    ]);
  });
});

function hugePng(): Buffer {
  const image = png();
  image.writeUInt32BE(20_000, 16);
  image.writeUInt32BE(20_000, 20);
  return image;
}

test("servers that share a database and no folder take no files, and say so", {
  skip: BACKEND !== "replicas",
}, async () => {
  await using server = await startServer({ builtIn: true, environment: { FILES_SHARED: "false" } });
  const { status, body } = await upload(server.url, "text", { type: "text/plain" });
  assert.equal(status, 403);
  assert.match(body.message, /FILES_SHARED/);
});
