// The files in deploy/, which cannot be run here, held to what they need; and each check tried on a
// file that is broken, so that it is one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { readConfig } from "../src/config/config.ts";
import { DRAIN_MS } from "../src/main.ts";
import { VERSION } from "../src/version.ts";
import {
  lintCompose,
  lintDockerfile,
  lintKubernetes,
  readDockerfile,
  readYaml,
} from "./deploy-lint.ts";
import { skipWithoutHaproxy } from "./haproxy.ts";

const root = join(import.meta.dirname, "../..");
const read = (name: string) => readFileSync(join(root, "deploy", name), "utf8");
const DRAIN_SECONDS = DRAIN_MS / 1000;
const manifests = globSync("*.yaml", { cwd: join(root, "deploy/kubernetes") }).sort();
const documents = () => manifests.flatMap((name) => readYaml(read(`kubernetes/${name}`)));

/** The text with a change that has to be noticed. @throws Error if there was nothing to change */
function broken(text: string, found: string | RegExp, by: string): string {
  const changed = text.replace(found, by);
  if (changed === text) throw new Error(`${found} is not there`);
  return changed;
}

test("the Dockerfile: stages, versions, not root, a health check, nothing that is not in the repository", () => {
  const text = read("Dockerfile");
  const isThere = (path: string) => existsSync(join(root, path));
  assert.deepEqual(lintDockerfile(text, isThere), []);
  for (const [found, by, problem] of [
    ["USER node", "USER root", /runs as root/],
    [/^USER node$/m, "", /runs as root/],
    [/^HEALTHCHECK[^[]*/m, "CMD ", /no HEALTHCHECK/],
    [/node:24-bookworm-slim AS/, "node:latest AS", /no version/],
    ["COPY server/src server/src", "COPY server/source server/src", /not in the repository/],
    ["--from=web", "--from=nowhere", /no stage nowhere/],
    [/^CMD \[.*\]$/m, "CMD node server", /signals/],
    ["STOPSIGNAL", "ADD", /no instruction/],
    ["PORT=8000", "API_KEY=abc", /secret/],
  ] as const)
    assert.match(lintDockerfile(broken(text, found, by), isThere).join("\n"), problem);
});

test("the Dockerfile starts this server by settings that it has", () => {
  const instructions = readDockerfile(read("Dockerfile"));
  const command: string[] = JSON.parse(instructions.findLast(({ name }) => name === "CMD")!.value);
  assert.ok(existsSync(join(root, command[1]!)));
  const settings = instructions
    .filter(({ name }) => name === "ENV")
    .flatMap(({ value }) => [...value.matchAll(/(\w+)=(\S+)/g)])
    .map(([, name, value]) => [name!, value!] as const);
  const config = readConfig(Object.fromEntries(settings));
  const exposed = instructions.findLast(({ name }) => name === "EXPOSE")!.value;
  assert.equal(String(config.port), exposed);
  const health = instructions.findLast(({ name }) => name === "HEALTHCHECK")!.value;
  const [, , script]: string[] = JSON.parse(health.slice(health.indexOf("[")));
  const { status } = spawnSync(process.execPath, ["-e", script!], {
    env: { PORT: "9" },
    timeout: 10_000,
  });
  assert.equal(status, 1, "nobody serves there");
  const ignored = read("Dockerfile.dockerignore");
  for (const { value } of instructions.filter(
    ({ name, value }) => name === "COPY" && !value.startsWith("--"),
  ))
    for (const source of value.split(/\s+/).slice(0, -1))
      assert.match(ignored, new RegExp(`^!${source.split("/")[0]}$`, "m"), source);
});

test("compose: versions, health checks, what is named is there, and enough time to drain", () => {
  const text = read("compose.yaml");
  assert.deepEqual(lintCompose(text, DRAIN_SECONDS), []);
  for (const [found, by, problem] of [
    ["stop_grace_period: 45s", "stop_grace_period: 20s", /killed before/],
    [/\$\{POSTGRES_PASSWORD[^@]*@/, "hunter2@", /a password/],
    ["redis:7.0-bookworm", "redis:latest", /no version/],
    ["networks: [inside]", "networks: [outside]", /network outside/],
    ["  database:\n", "  other:\n", /volume database/],
    ["REDIS_URL:", "REDIS:", /REDIS_URL is not set/],
    ["      postgres:\n        condition", "      postgrs:\n        condition", /postgrs, which/],
  ] as const)
    assert.match(lintCompose(broken(text, found, by), DRAIN_SECONDS).join("\n"), problem);
  assert.throws(() => readYaml(broken(text, "restart:", "  restart:")), /line/);
  assert.throws(
    () => readYaml(broken(text, "  redis:\n    image", "  proxy:\n    image")),
    /unique/,
  );
  const [{ services }] = readYaml(text);
  const environment = { ...services.server.environment, DATABASE_URL: "postgres://a@b/c" };
  const config = readConfig({ ...environment, PUBLIC_URL: "", OPENAI_BASE_URL: "" });
  assert.ok(config.redisUrl && config.trustedProxies.length === 1);
});

test("Kubernetes: probes, drain, rights, and everything that is named is there", () => {
  const all = documents();
  assert.deepEqual(lintKubernetes(all, DRAIN_SECONDS), []);
  const [kustomization] = readYaml(read("kubernetes/kustomization.yaml"));
  for (const name of kustomization.resources) assert.ok(manifests.includes(name), name);
  const left = manifests.filter((name) => !kustomization.resources.includes(name));
  assert.deepEqual(left, ["kustomization.yaml", "secret.example.yaml"]);
  assert.equal(kustomization.images[0].newTag, VERSION);
  const server = "kubernetes/server.yaml";
  for (const [found, by, problem] of [
    ["terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 30", /killed before/],
    ['["sleep", "5"]', '["sleep", "0"]', /preStop/],
    ["runAsNonRoot: true", "runAsNonRoot: false", /root/],
    ["readinessProbe:", "readynessProbe:", /no probes/],
    ["targetPort: http", "targetPort: web", /no container's/],
    ["selector: { app: colloquy }", "selector: { app: other }", /selects 0/],
    ["name: temporary, mountPath", "name: tmp, mountPath", /volume tmp/],
    ["name: colloquy }\n  minReplicas", "name: kolloquy }\n  minReplicas", /scales nothing/],
    ["limits: { memory: 2Gi }", "limits: {}", /limit of memory/],
    ["image: colloquy:0.1.0", "image: colloquy", /no version/],
  ] as const) {
    const others = manifests.filter((name) => name !== basename(server));
    const changed = [
      ...readYaml(broken(read(server), found, by)),
      ...others.flatMap((name) => readYaml(read(`kubernetes/${name}`))),
    ];
    assert.match(lintKubernetes(changed, DRAIN_SECONDS).join("\n"), problem);
  }
});

test("settings in the manifests are the server's", () => {
  const settings = readFileSync(join(root, "docs/settings.md"), "utf8");
  const [deployment] = readYaml(read("kubernetes/server.yaml"));
  const [secret] = readYaml(read("kubernetes/secret.example.yaml"));
  const [{ services }] = readYaml(read("compose.yaml"));
  for (const name of [
    ...deployment.spec.template.spec.containers[0].env.map((entry: { name: string }) => entry.name),
    ...Object.keys(secret.stringData),
    ...Object.keys(services.server.environment),
  ])
    assert.match(settings, new RegExp(`\\b${name}\\b`), `docs/settings.md does not name ${name}`);
});

test("the proxy's configuration: haproxy takes it, and it neither buffers nor cuts streams", {
  skip: skipWithoutHaproxy(),
}, (context) => {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-deploy-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const check = (text: string) => {
    writeFileSync(join(folder, "haproxy.cfg"), text);
    return spawnSync("haproxy", ["-c", "-f", join(folder, "haproxy.cfg")], { encoding: "utf8" });
  };
  const text = read("haproxy.cfg");
  const { status, stderr } = check(text);
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /WARNING/);
  assert.notEqual(check(broken(text, "balance leastconn", "balance sometimes")).status, 0);
  const seconds = (name: string) =>
    Number(new RegExp(`^\\s+timeout ${name} (\\d+)s$`, "m").exec(text)?.[1]);
  for (const name of ["client", "server", "tunnel"])
    assert.ok(seconds(name) > 30, `${name}: pings come every 15 and 30 s`);
  assert.doesNotMatch(text, /http-buffer-request|compression|^\s+cookie/m);
  assert.match(
    text,
    /^\s+retry-on conn-failure$/m,
    "nothing that may have been begun is sent again",
  );
});
