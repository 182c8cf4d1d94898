import type { Stamp } from "../domain/audit.ts";
import type { Memory } from "../domain/memory.ts";
import type { Owner } from "../domain/principal.ts";
import type { Idempotency } from "./turn-requests.ts";

export interface MemoryStore {
  /** Whether models may remember changes, and the instructions of the owner's profile stay as they are. */
  switchMemory(owner: Owner, isOn: boolean, at: Date): Promise<void>;
  /**
   * A memory of that id that the owner has already is given as it is, and so is what a repeated key has made.
   * @throws AppError conflict where the owner has MAX_MEMORIES, and those of Idempotency
   */
  createMemory(owner: Owner, memory: Memory, idempotency?: Idempotency | null): Promise<Memory>;
  /** In the order in which they were made. */
  listMemories(owner: Owner): Promise<Memory[]>;
  getMemory(owner: Owner, memoryId: string): Promise<Memory | null>;
  /** Replaces text and time of change; null if there is none. */
  changeMemory(owner: Owner, memory: Omit<Memory, "createdAt">): Promise<Memory | null>;
  /** False if there is none. @param stamp noted with it in the audit log */
  deleteMemory(owner: Owner, memoryId: string, stamp?: Stamp): Promise<boolean>;
  /** Deletes all of the owner's. @returns how many there were. @param stamp noted with them in the audit log */
  deleteMemories(owner: Owner, stamp?: Stamp): Promise<number>;
}
