// A server with tools as a process of its own, for tests that kill it. Its tools ask TOOL_URL, which counts.
import { readConfig } from "../src/config/config.ts";
import { startServer } from "../src/main.ts";
import type { ServerTool } from "../src/ports/tools.ts";

const toolAt = (name: string, isRepeatable: boolean, asks = false): ServerTool => ({
  name,
  source: "test",
  description: "For tests",
  parameters: { type: "object" },
  isRepeatable,
  effect: "reads",
  asks,
  isTrusted: true,
  async run({ key }) {
    const url = `${process.env.TOOL_URL}/${name}?key=${encodeURIComponent(key)}`;
    return (await fetch(url, { method: "POST" })).text();
  },
});

await startServer(readConfig(process.env), {
  tools: [
    toolAt("repeatable", true),
    toolAt("once", false),
    toolAt("repeatable_asked", true, true),
    toolAt("once_asked", false, true),
  ],
});
process.stdout.write("ready\n");
