import { actorOf, type Stamp } from "../domain/audit.ts";
import { AppError, notFound } from "../domain/errors.ts";
import { MAX_MEMORY_CHARACTERS, type Memory } from "../domain/memory.ts";
import { type Owner, ownerOf, type Principal } from "../domain/principal.ts";
import { checkMessageText, onOneLine } from "../domain/text.ts";
import type { Clock, DeriveId, NewId } from "../ports/clock.ts";
import type { MemoryStore } from "../ports/memory-store.ts";
import type { ProfileStore } from "../ports/profile-store.ts";
import type { Idempotency } from "../ports/turn-requests.ts";

/** What a model wants to remember or forget, and the key of the call, by which a repeated one is known. */
export type MemoryCall = { readonly owner: Owner; readonly text: string; readonly key: string };

/** What models remember of people, who switch it on, see it, change it and delete it. */
export type Memories = {
  /** MEMORY: whether models may remember anybody. Otherwise they are told nothing, and nothing is added. */
  readonly isAllowed: boolean;
  /** Whether the owner has switched it on. */
  isOn(owner: Owner): Promise<boolean>;
  /** Resolves once it is on disk. What is remembered stays. @throws AppError forbidden (to switch it on) */
  switch(owner: Owner, isOn: boolean): Promise<void>;
  /** Oldest first. */
  list(owner: Owner): Promise<Memory[]>;
  /** Resolves once it is on disk. @throws AppError invalid_request, conflict, forbidden; also those of Idempotency */
  add(owner: Owner, text: string, idempotency?: Idempotency | null): Promise<Memory>;
  /** @throws AppError not_found, invalid_request */
  change(owner: Owner, memoryId: string, text: string): Promise<Memory>;
  /** @throws AppError not_found */
  delete(principal: Principal, memoryId: string): Promise<void>;
  /** @returns how many there were */
  deleteAll(principal: Principal): Promise<number>;
  /** @returns null: that text is remembered already. @throws as `add` */
  remember(call: MemoryCall): Promise<Memory | null>;
  /** @returns null: no memory has that text, perhaps because an earlier attempt at the call has deleted it */
  forget(call: MemoryCall): Promise<Memory | null>;
};

export function createMemories({
  store,
  clock,
  newId,
  deriveId,
  isAllowed,
}: {
  readonly store: MemoryStore & Pick<ProfileStore, "getProfile">;
  readonly clock: Pick<Clock, "now">;
  readonly newId: NewId;
  readonly deriveId: DeriveId;
  readonly isAllowed: boolean;
}): Memories {
  const checkAllowed = (): void => {
    if (!isAllowed)
      throw new AppError(
        "forbidden",
        "Memory is switched off on this server. Its operator can switch it on with MEMORY=true",
      );
  };
  const keep = (
    owner: Owner,
    id: string,
    text: string,
    idempotency?: Idempotency | null,
  ): Promise<Memory> => {
    checkAllowed();
    checkMessageText(text, "text", MAX_MEMORY_CHARACTERS);
    const at = clock.now();
    return store.createMemory(owner, { id, text, createdAt: at, updatedAt: at }, idempotency);
  };
  const withText = async (owner: Owner, text: string): Promise<Memory | undefined> => {
    const wanted = onOneLine(text);
    return (await store.listMemories(owner)).find((memory) => onOneLine(memory.text) === wanted);
  };
  const stampOf = (principal: Principal): Stamp => ({
    at: clock.now(),
    actor: actorOf(principal),
  });

  return {
    isAllowed,
    isOn: async (owner) => (await store.getProfile(owner))?.isMemoryOn ?? false,
    async switch(owner, isOn) {
      if (isOn) checkAllowed();
      await store.switchMemory(owner, isOn, clock.now());
    },
    list: (owner) => store.listMemories(owner),
    add: (owner, text, idempotency) => keep(owner, newId(), text, idempotency),
    async change(owner, memoryId, text) {
      checkMessageText(text, "text", MAX_MEMORY_CHARACTERS);
      const changed = { id: memoryId, text, updatedAt: clock.now() };
      const memory = await store.changeMemory(owner, changed);
      if (!memory) throw notFound("memory");
      return memory;
    },
    async delete(principal, memoryId) {
      if (!(await store.deleteMemory(ownerOf(principal), memoryId, stampOf(principal))))
        throw notFound("memory");
    },
    deleteAll: (principal) => store.deleteMemories(ownerOf(principal), stampOf(principal)),
    async remember({ owner, text, key }) {
      const id = deriveId(owner, "colloquy memory", key);
      const known = await withText(owner, text);
      return known && known.id !== id ? null : keep(owner, id, text);
    },
    async forget({ owner, text, key }) {
      const memory = await withText(owner, text);
      const stamp = { at: clock.now(), actor: `reply ${key.split("/")[0]}` };
      return memory && (await store.deleteMemory(owner, memory.id, stamp)) ? memory : null;
    },
  };
}
