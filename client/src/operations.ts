import { isRecord, unexpectedResponse } from "./errors.ts";
import type { CallOptions, Timeouts } from "./options.ts";
import { within } from "./retry.ts";
import { readJson, type Transport } from "./transport.ts";
import type { Health } from "./wire.ts";

export type OperationCalls = ReturnType<typeof operationCalls>;

/** What tells how the server is. Tried once: who watches asks again anyway. */
export function operationCalls(transport: Transport, { requestMs }: Timeouts) {
  const read = async <T>(
    path: string,
    isAnswer: (status: number) => boolean,
    signal: AbortSignal | undefined,
    take: (response: Response) => Promise<T>,
  ): Promise<T> => {
    const request = { method: "GET", isAtRoot: true, path, isAnswer, signal } as const;
    const { response, close } = await transport.open(request, requestMs);
    try {
      return await within(take(response), requestMs, signal);
    } finally {
      close();
    }
  };

  return {
    health: ({ signal }: CallOptions = {}): Promise<Health> =>
      read(
        "/health",
        (status) => status === 200 || status === 503,
        signal,
        async (response) => {
          const body = await readJson(response);
          if (!isRecord(body) || !isRecord(body.services))
            throw unexpectedResponse("The answer is not one of Colloquy's", response);
          return body as Health;
        },
      ),

    metrics: ({ signal }: CallOptions = {}): Promise<string> =>
      read(
        "/metrics",
        (status) => status === 200,
        signal,
        (response) => response.text(),
      ),
  };
}
