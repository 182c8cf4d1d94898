import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import type { ApiKey } from "../../src/domain/key.ts";
import { at, type OpenStore, sharedStore, withCode } from "./fixtures.ts";

export const aKey = (given: Partial<ApiKey> = {}): ApiKey => ({
  id: randomUUID(),
  prefix: "ck_abcd",
  hash: createHash("sha256").update(randomUUID()).digest("hex"),
  name: "laptop",
  tenantId: "local",
  userId: "mária",
  actAs: false,
  isOperator: false,
  models: null,
  createdAt: at(0),
  revokedAt: null,
  ...given,
});

export function keyContract(open: OpenStore): void {
  describe("keys", () => {
    const store = sharedStore(open);

    test("the first key claims the installation, for ever", async () => {
      assert.equal(await store().isClaimed(), false);
      assert.equal(await store().revokeKey("unknown", at(1)), false);
      assert.equal(await store().isClaimed(), false);
      const key = aKey();
      await store().createKey(key);
      assert.equal(await store().isClaimed(), true);
      await store().revokeKey(key.id, at(1));
      assert.equal(await store().isClaimed(), true);
    });

    test("a key is found by its hash and by nothing else", async () => {
      const key = aKey({
        actAs: true,
        isOperator: true,
        models: ["a/*", "b"],
        tenantId: "other",
        createdAt: at(3),
      });
      await store().createKey(key);
      assert.deepEqual(await store().findKeyByHash(key.hash), key);
      assert.equal(await store().findKeyByHash(key.hash.toUpperCase()), null);
      assert.equal(await store().findKeyByHash(key.prefix), null);
    });

    test("an id or a hash that is taken is a conflict", async () => {
      const key = aKey();
      await store().createKey(key);
      for (const taken of [aKey({ id: key.id }), aKey({ hash: key.hash })])
        await assert.rejects(store().createKey(taken), withCode("conflict"));
    });

    test("a revoked key is listed, and stays as it was revoked first", async () => {
      const key = aKey();
      await store().createKey(key);
      assert.equal(await store().revokeKey(key.id, at(5)), true);
      assert.equal(await store().revokeKey(key.id, at(6)), true);
      assert.deepEqual(await store().findKeyByHash(key.hash), { ...key, revokedAt: at(5) });
      const oldest = aKey({ createdAt: at(-9) });
      await store().createKey(oldest);
      const listed = await store().listKeys();
      assert.deepEqual(listed[0], oldest);
      assert.ok(listed.some(({ id, revokedAt }) => id === key.id && revokedAt !== null));
      const revoked = listed.filter(({ revokedAt }) => revokedAt !== null).length;
      assert.equal(await store().countRevokedKeys(), revoked);
      await store().revokeKey(oldest.id, at(7));
      assert.equal(await store().countRevokedKeys(), revoked + 1);
    });
  });
}
