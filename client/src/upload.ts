/** A `fetch` that reports the progress of its body by means of XMLHttpRequest; null if the platform has none. */
export function fetchWithProgress(
  onProgress: (progress: { readonly sent: number; readonly total: number }) => void,
): typeof fetch | null {
  if (typeof XMLHttpRequest === "undefined") return null;
  return async (input, init = {}) =>
    new Promise<Response>((resolve, reject) => {
      const { signal } = init;
      const request = new XMLHttpRequest();
      const onAbort = () => request.abort();
      request.open(init.method ?? "GET", String(input));
      request.responseType = "text";
      for (const [name, value] of new Headers(init.headers)) request.setRequestHeader(name, value);
      request.upload.addEventListener("progress", ({ loaded, total }) =>
        onProgress({ sent: loaded, total }),
      );
      request.addEventListener("load", () =>
        resolve(
          new Response(request.responseText, {
            status: request.status,
            statusText: request.statusText,
            headers: headersIn(request.getAllResponseHeaders()),
          }),
        ),
      );
      request.addEventListener("error", () => reject(new TypeError("The upload failed")));
      request.addEventListener("abort", () => reject(signal?.reason));
      request.addEventListener("loadend", () => signal?.removeEventListener("abort", onAbort));
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", onAbort);
      request.send(init.body as XMLHttpRequestBodyInit);
    });
}

function headersIn(text: string): Headers {
  const headers = new Headers();
  for (const line of text.trim().split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return headers;
}
