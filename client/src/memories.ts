import type { Calls } from "./calls.ts";
import type { CallOptions, DeleteOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { Memory, MemoryInput, MemorySwitch } from "./wire-memories.ts";

export type MemoryCalls = ReturnType<typeof memoryCalls>;

export function memoryCalls(calls: Calls) {
  return {
    /** Whether models may remember the user. */
    state: async (options: CallOptions = {}): Promise<MemorySwitch> =>
      calls.get("/memory", options),

    /** Lets models remember the user, or do so no longer. What is remembered stays. */
    switch: async (isOn: boolean, options: CallOptions = {}): Promise<MemorySwitch> =>
      calls.change("PUT", "/memory", { is_on: isOn }, options),

    /** All of the user's, oldest first. */
    list: async (options: CallOptions = {}): Promise<Memory[]> => calls.get("/memories", options),

    create: async (input: MemoryInput, options: CallOptions = {}): Promise<Memory> =>
      calls.create("/memories", input, options),

    /** Replaces the text. */
    replace: async (id: string, input: MemoryInput, options: CallOptions = {}): Promise<Memory> =>
      calls.change("PUT", path`/memories/${id}`, input, options),

    delete: async (id: string, options: DeleteOptions = {}): Promise<void> =>
      calls.remove(path`/memories/${id}`, options),

    deleteAll: async (options: DeleteOptions = {}): Promise<void> =>
      calls.remove("/memories", options),
  };
}
