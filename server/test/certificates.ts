// Certificates that a test makes itself, by openssl.
import { execFile } from "node:child_process";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate for this machine and its key, in that folder; made again, they take the place of those before at once. */
export async function makeCertificate(folder: string, name = "server") {
  const certificateFile = join(folder, `${name}.pem`);
  const keyFile = join(folder, `${name}.key`);
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "30", "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-keyout", `${keyFile}.new`, "-out", `${certificateFile}.new`],
  ]);
  await rename(`${keyFile}.new`, keyFile);
  await rename(`${certificateFile}.new`, certificateFile);
  return { certificateFile, keyFile, pem: await readFile(certificateFile, "utf8") };
}
