// Makes the folders that `npm pack` and `npm publish` take, by their prepack and postpack:
//   node scripts/package.mjs build client|server
//   node scripts/package.mjs restore client
// The repository runs from its sources; whoever installs a package gets JavaScript and declarations.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const VAD_MODEL = "silero_vad_v6.onnx";

function run(script, args) {
  const { status } = spawnSync(process.execPath, [`${root}${script}`, ...args], {
    cwd: root,
    // What npm prints on standard output is the name of the archive.
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(1);
}

/** @param folder where the compiler writes to */
function compile(project, folder) {
  // Several threads check much of the same again: one needs half of what they need together.
  run("node_modules/typescript/bin/tsc", ["--singleThreaded", "-p", `${root}${project}`]);
  // The compiler leaves the names of sources in declarations, which not every tool understands.
  for (const name of readdirSync(`${root}${folder}`, { recursive: true }))
    if (name.endsWith(".d.ts")) {
      const file = `${root}${folder}/${name}`;
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace(/((?:from |import\()"\.{1,2}\/[^"]*)\.ts"/g, '$1.js"'));
    }
}

function begin(name) {
  rmSync(`${root}${name}/dist`, { recursive: true, force: true });
  copyFileSync(`${root}LICENSE`, `${root}${name}/LICENSE`);
}

/** `exports` of the repository are sources; those of the package stand in its `publishConfig`. */
function publishManifest(name) {
  const file = `${root}${name}/package.json`;
  const kept = `${root}${name}/package.source.json`;
  const manifest = JSON.parse(readFileSync(file, "utf8"));
  const { access, ...fields } = manifest.publishConfig;
  if (Object.keys(fields).length === 0) return;
  copyFileSync(file, kept);
  const published = { ...manifest, ...fields, publishConfig: { access } };
  writeFileSync(file, `${JSON.stringify(published, null, 2)}\n`);
}

const BUILDERS = {
  client() {
    begin("client");
    compile("client/tsconfig.build.json", "client/dist/esm");
    compile("client/tsconfig.commonjs.json", "client/dist/cjs");
    writeFileSync(`${root}client/dist/cjs/package.json`, '{ "type": "commonjs" }\n');
    publishManifest("client");
  },
  server() {
    begin("server");
    compile("server/tsconfig.build.json", "server/dist");
    cpSync(`${root}web/dist`, `${root}server/dist/web`, { recursive: true });
    mkdirSync(`${root}server/models`, { recursive: true });
    copyFileSync(
      `${root}node_modules/@ricky0123/vad-web/dist/${VAD_MODEL}`,
      `${root}server/models/${VAD_MODEL}`,
    );
  },
};

const [task, name] = process.argv.slice(2);
if (task === "build" && Object.hasOwn(BUILDERS, name)) {
  // An interrupted run may have left the manifest of the package.
  restore();
  run("scripts/install.mjs", []);
  BUILDERS[name]();
} else if (task === "restore") restore();
else {
  process.stderr.write("Say build or restore, and client or server.\n");
  process.exit(2);
}

function restore() {
  const kept = `${root}${name}/package.source.json`;
  if (existsSync(kept)) renameSync(kept, `${root}${name}/package.json`);
}
