import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Profile } from "../../src/domain/profile.ts";
import { at, newOwner, type OpenStore, sharedStore, strangersTo } from "./fixtures.ts";

export const aProfile = (given: Partial<Profile> = {}): Profile => ({
  instructions: "Short answers – 😀",
  areInstructionsOn: true,
  updatedAt: at(3),
  ...given,
});

export function profileContract(open: OpenStore): void {
  describe("profiles", () => {
    const store = sharedStore(open);

    test("a profile comes back as it was given, takes the place of an earlier one, and goes", async () => {
      const owner = newOwner();
      assert.equal(await store().getProfile(owner), null);
      for (const profile of [
        aProfile(),
        aProfile({ instructions: "", areInstructionsOn: false, updatedAt: at(4) }),
      ]) {
        await store().putProfile(owner, profile);
        assert.deepEqual(await store().getProfile(owner), profile);
      }
      await store().putProfile(owner, null);
      assert.equal(await store().getProfile(owner), null);
    });

    test("a profile is its owner's alone", async () => {
      const owner = newOwner();
      await store().putProfile(owner, aProfile());
      for (const stranger of strangersTo(owner)) {
        assert.equal(await store().getProfile(stranger), null);
        await store().putProfile(stranger, aProfile({ instructions: "Theirs" }));
        await store().putProfile(stranger, null);
      }
      assert.deepEqual(await store().getProfile(owner), aProfile());
    });
  });
}
