/** `fetch`, and word of every 401: the credential is not good any more. */
export const watchedFetch =
  (onRefused: (reason: string) => void): typeof fetch =>
  async (...request) => {
    const response = await fetch(...request);
    if (response.status === 401) onRefused(await reasonIn(response.clone()));
    return response;
  };

async function reasonIn(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    const isTold = typeof body === "object" && body !== null && "message" in body;
    return isTold ? String(body.message) : response.statusText;
  } catch {
    return response.statusText;
  }
}
