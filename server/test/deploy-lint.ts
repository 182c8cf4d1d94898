// What the files in deploy/ have to have, as checks that say what is missing. They cannot be run here.
import { parseAllDocuments } from "yaml";

// biome-ignore lint/suspicious/noExplicitAny: whatever a YAML file holds
export type Yaml = any;

/** Every document of a file. @throws Error with the line of what is no YAML or stands there twice */
export function readYaml(text: string): Yaml[] {
  return parseAllDocuments(text, { uniqueKeys: true, strict: true }).map((document) => {
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem) throw problem;
    return document.toJS();
  });
}

const SUFFIXES: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
/** "45s" or "1m" in seconds. */
const secondsOf = (duration: string): number => {
  const [, amount, unit] = /^(\d+)(s|m|h)$/.exec(duration) ?? [];
  return Number(amount) * (SUFFIXES[unit ?? ""] ?? Number.NaN);
};

export type Instruction = { readonly name: string; readonly value: string; readonly line: number };

const INSTRUCTIONS = new Set(
  "ARG CMD COPY ENV EXPOSE FROM HEALTHCHECK LABEL RUN STOPSIGNAL USER VOLUME WORKDIR".split(" "),
);

/** The instructions of a Dockerfile, lines that go on joined. */
export function readDockerfile(text: string): Instruction[] {
  const found: Instruction[] = [];
  let joined = "";
  let begun = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (joined === "" && (line.trim() === "" || line.startsWith("#"))) continue;
    if (joined === "") begun = index + 1;
    joined += line.replace(/\\$/, " ");
    if (line.endsWith("\\")) continue;
    const [, name = "", value = ""] = /^(\S+)\s+(.*)$/.exec(joined.trim()) ?? [];
    found.push({ name, value, line: begun });
    joined = "";
  }
  return found;
}

/** @param isInRepository whether a path of the repository is there */
export function lintDockerfile(text: string, isInRepository: (path: string) => boolean): string[] {
  const problems: string[] = [];
  const all = readDockerfile(text);
  const say = (problem: string, at?: Instruction) =>
    problems.push(at ? `line ${at.line}: ${problem}` : problem);
  const stages = new Set<string>();
  let last: Instruction[] = [];
  for (const instruction of all) {
    const { name, value } = instruction;
    if (!INSTRUCTIONS.has(name)) say(`${name} is no instruction that we use`, instruction);
    if (name === "FROM") {
      const [, image = "", stage] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(value) ?? [];
      if (!stages.has(image) && !/^[\w./-]+:[\w.-]*\d[\w.-]*$/.test(image))
        say(`the image ${image} has no version`, instruction);
      if (stage) stages.add(stage);
      last = [];
    }
    last.push(instruction);
    if (name === "COPY") {
      const parts = value.split(/\s+/);
      const from = /^--from=(\S+)$/.exec(parts[0] ?? "")?.[1];
      if (from && !stages.has(from)) say(`there is no stage ${from}`, instruction);
      if (!from)
        for (const source of parts.slice(0, -1))
          if (!isInRepository(source)) say(`${source} is not in the repository`, instruction);
    }
    if (name === "RUN" && /\b(?:sudo|curl|wget)\b/.test(value))
      say("takes what no lock file holds", instruction);
    if (/\b(?:SECRET|PASSWORD|TOKEN|API_KEY)\s*=/.test(value)) say("holds a secret", instruction);
  }
  const lastOf = (name: string) => last.findLast((instruction) => instruction.name === name);
  if (stages.size === 0) say("has one stage: what builds would be in the image");
  const user = lastOf("USER")?.value ?? "root";
  if (/^(?:root|0)\b/.test(user)) say("runs as root");
  if (!lastOf("HEALTHCHECK")) say("has no HEALTHCHECK");
  if (!lastOf("WORKDIR")?.value.startsWith("/")) say("has no absolute WORKDIR");
  if (!lastOf("CMD")?.value.startsWith("[")) say("CMD is no list, so signals would end at a shell");
  if (!lastOf("EXPOSE")) say("exposes no port");
  if (last.some(({ name, value }) => name === "RUN" && /npm|apt-get/.test(value)))
    say("installs in its last stage");
  return problems;
}

/** @param drainSeconds how long the server lets replies finish */
export function lintCompose(text: string, drainSeconds: number): string[] {
  const problems: string[] = [];
  const [file] = readYaml(text);
  const services: Record<string, Yaml> = file.services ?? {};
  for (const [name, service] of Object.entries(services)) {
    const say = (problem: string) => problems.push(`${name}: ${problem}`);
    if (!/:[\w.-]+$/.test(service.image ?? "") || /:latest$/.test(service.image))
      say("its image has no version");
    if (service.restart !== "unless-stopped") say("is not started again");
    for (const needed of Object.keys(service.depends_on ?? {})) {
      if (!services[needed]) say(`depends on ${needed}, which there is not`);
      const isBuilt = services[needed]?.build !== undefined;
      if (service.depends_on[needed].condition === "service_healthy")
        if (!isBuilt && !services[needed]?.healthcheck) say(`${needed} has no health check`);
    }
    for (const network of service.networks ?? [])
      if (!(network in (file.networks ?? {}))) say(`the network ${network} is not there`);
    for (const volume of service.volumes ?? []) {
      const source = String(volume).split(":")[0] ?? "";
      if (!/^[./]/.test(source) && !(source in (file.volumes ?? {})))
        say(`the volume ${source} is not there`);
    }
    if (service.privileged || service.user === "root") say("has too many rights");
    for (const value of Object.values(service.environment ?? {}))
      if (/\/\/\w+:[^$@/]{3,}@/.test(String(value))) say("holds a password");
  }
  const { server, proxy } = services;
  if (secondsOf(server?.stop_grace_period ?? "10s") <= drainSeconds)
    problems.push(`server: is killed before replies have had their ${drainSeconds} s`);
  if (!server?.read_only) problems.push("server: may write to its image");
  for (const setting of ["DATABASE_URL", "REDIS_URL", "TRUST_PROXY"])
    if (!server?.environment?.[setting]) problems.push(`server: ${setting} is not set`);
  if (server?.ports) problems.push("server: is reached without the proxy");
  if (!proxy?.ports) problems.push("proxy: nobody can reach it");
  return problems;
}

const workload = (kind: string) => kind === "Deployment" || kind === "StatefulSet";

/** @param documents all documents of all files; @param drainSeconds as above */
export function lintKubernetes(documents: readonly Yaml[], drainSeconds: number): string[] {
  const problems: string[] = [];
  const labelled = (labels: Yaml) =>
    documents.filter(
      ({ kind, spec }) =>
        workload(kind) &&
        Object.entries(labels ?? { none: "" }).every(
          ([name, value]) => spec.template.metadata.labels?.[name] === value,
        ),
    );
  for (const document of documents) {
    const { kind, apiVersion, metadata, spec } = document ?? {};
    const say = (problem: string) => problems.push(`${kind} ${metadata?.name}: ${problem}`);
    if (!kind || !apiVersion) problems.push("a document has no kind or apiVersion");
    if (kind !== "Kustomization" && !metadata?.name) say("has no name");
    if (kind === "Service") {
      const targets = labelled(spec.selector);
      if (targets.length !== 1) say(`selects ${targets.length} workloads`);
      const ports = targets.flatMap((target) =>
        target.spec.template.spec.containers.flatMap((container: Yaml) => container.ports ?? []),
      );
      for (const { targetPort } of spec.ports)
        if (!ports.some((port: Yaml) => port.name === targetPort))
          say(`its port ${targetPort} is no container's`);
    }
    if (kind === "PodDisruptionBudget" && labelled(spec.selector.matchLabels).length !== 1)
      say("protects nothing");
    if (kind === "HorizontalPodAutoscaler")
      if (!documents.some((one) => one.metadata?.name === spec.scaleTargetRef.name))
        say("scales nothing");
    if (kind === "Ingress")
      for (const { http } of spec.rules)
        for (const { backend } of http.paths) {
          const service = documents.find(
            (one) => one.kind === "Service" && one.metadata.name === backend.service.name,
          );
          if (!service?.spec.ports.some((port: Yaml) => port.name === backend.service.port.name))
            say("leads to no service");
        }
    if (!workload(kind)) continue;
    const pod = spec.template.spec;
    if (labelled(spec.selector.matchLabels)[0] !== document) say("does not select its own pods");
    if (!pod.securityContext?.runAsNonRoot) say("may run as root");
    for (const container of pod.containers) {
      const security = container.securityContext ?? {};
      if (security.allowPrivilegeEscalation !== false) say("may gain rights");
      if (!security.readOnlyRootFilesystem) say("may write to its image");
      if (!security.capabilities?.drop?.includes("ALL")) say("keeps capabilities");
      if (!container.resources?.requests?.cpu || !container.resources?.limits?.memory)
        say("has no requests or no limit of memory");
      if (!container.readinessProbe || !container.livenessProbe) say("has no probes");
      if (!/:[\w.-]*\d[\w.-]*$/.test(container.image)) say("its image has no version");
      for (const { name } of container.volumeMounts ?? [])
        if (!pod.volumes?.some((volume: Yaml) => volume.name === name))
          say(`the volume ${name} is not there`);
      if (container.name !== "server") continue;
      const sleep = Number(container.lifecycle?.preStop?.exec?.command?.at(-1) ?? Number.NaN);
      if (!(sleep >= 3)) say("ends before proxies have heard of it (preStop)");
      if (!(pod.terminationGracePeriodSeconds > sleep + drainSeconds))
        say("is killed before replies have had their time");
      if (spec.replicas < 2) say("has no other replica");
    }
  }
  return problems;
}
