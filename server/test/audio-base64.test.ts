import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBase64 } from "../src/domain/audio/base64.ts";

const decoded = (text: string) => {
  const bytes = decodeBase64(text);
  return bytes && Buffer.from(bytes).toString("latin1");
};

test("reads what Node writes, in both alphabets, with and without padding", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      const url = Buffer.from(bytes).toString("base64url");
      const broken = text.replaceAll(/(.{7})/g, "$1\r\n ");
      for (const form of [text, url, broken, text.replaceAll("=", ""), `data:;base64,${text}`])
        assert.deepEqual(Buffer.from(decodeBase64(form)!), Buffer.from(bytes));
    }),
  );
});

test("takes a data: URL with any type, and refuses one that is not base64", () => {
  assert.equal(decoded("data:audio/wav;codecs=1;base64,YWJj"), "abc");
  assert.equal(decoded("data:audio/wav,abc"), null);
  assert.equal(decoded("data:YWJj"), null);
});

test("refuses what Node would read in part", () => {
  for (const text of [
    "A",
    "YWJjA",
    "YW=Jj",
    "YWJj=YWI",
    "YWI==",
    "YWJj=",
    "Y===",
    "====",
    "YW!J",
    "YWJ\u00e9",
    "€",
  ])
    assert.equal(decoded(text), null, text);
});

test("nothing is nothing", () => {
  assert.equal(decoded(""), "");
  assert.equal(decoded(" \n"), "");
});
