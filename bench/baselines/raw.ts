/*
 * The practical limit: a pass-through proxy on node:http that stores nothing, checks nothing and
 * never looks into a body. Environment: PORT, UP_PORT (the model's).
 */
import http from "node:http";

const agent = new http.Agent({
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  maxFreeSockets: 4096,
  scheduling: "lifo",
});
const upstream = { host: "127.0.0.1", port: Number(process.env.UP_PORT), agent, method: "POST" };

function forward(path: string, body: Buffer, response: http.ServerResponse): void {
  const headers = { "content-type": "application/json", "content-length": body.length };
  const request = http.request({ ...upstream, path, headers }, (reply) => {
    const passedOn: http.OutgoingHttpHeaders = {};
    for (const name of ["content-type", "content-length"] as const) {
      if (reply.headers[name] !== undefined) passedOn[name] = reply.headers[name];
    }
    response.writeHead(reply.statusCode ?? 502, passedOn);
    reply.pipe(response);
  });
  request.on("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.on("close", () => {
    if (!response.writableFinished) request.destroy();
  });
  request.end(body);
}

const server = http.createServer({ noDelay: true }, (request, response) => {
  if (request.method === "GET") {
    response.end("ok");
    return;
  }
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => forward(request.url ?? "/", Buffer.concat(parts), response));
});
server.listen({ port: Number(process.env.PORT), host: "127.0.0.1", backlog: 8192 });
process.on("SIGTERM", () => process.exit(0));
