import { type Client, ColloquyError } from "@colloquy/client";

/** A page is not told why its socket was refused; the other wire says it. Null: nobody is refused. */
export async function refusalOf(client: Client): Promise<string | null> {
  try {
    await client.account();
    return null;
  } catch (error) {
    const isRefusal = error instanceof ColloquyError && [401, 403].includes(error.status ?? 0);
    return isRefusal ? error.message : null;
  }
}
