import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { AppError } from "../domain/errors.ts";

export type TlsFiles = { readonly certificateFile: string; readonly keyFile: string };

/** A certificate and its key that belong together, and what people are told of them. */
export type Certificate = {
  readonly pem: { readonly cert: string; readonly key: string };
  /** The names that it is for: `chat.example.org, *.example.org`. */
  readonly names: string;
  readonly validFrom: Date;
  readonly validTo: Date;
};

/** The part of an HTTPS server that takes a new certificate. */
type Renewable = { setSecureContext(pem: Certificate["pem"]): void };

/** How long a renewed certificate waits at most before it is used. */
const LOOK_MS = 1000;

/** @throws AppError invalid_request, which names the setting */
export function readCertificate({ certificateFile, keyFile }: TlsFiles): Certificate {
  const cert = readPem("TLS_CERT", certificateFile);
  const key = readPem("TLS_KEY", keyFile);
  const leaf = understood(
    () => new X509Certificate(cert),
    `TLS_CERT: ${certificateFile} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`,
  );
  const secret: KeyObject = understood(
    () => createPrivateKey(key),
    `TLS_KEY: ${keyFile} holds no private key in PEM without a passphrase (-----BEGIN PRIVATE KEY-----)`,
  );
  if (!leaf.checkPrivateKey(secret))
    throw unusable(`TLS_KEY: ${keyFile} is not the key of the certificate in ${certificateFile}`);
  const pem = { cert, key };
  understood(
    () => createSecureContext(pem),
    `TLS_CERT: the certificates in ${certificateFile} cannot be used for TLS`,
  );
  return {
    pem,
    names: namesOf(leaf),
    validFrom: leaf.validFromDate,
    validTo: leaf.validToDate,
  };
}

/**
 * Takes a certificate that was renewed for new connections; those that are open stay.
 * @param onProblem told when the files have changed and cannot be used: the certificate before them stays
 * @returns what ends the watch
 */
export function watchCertificate(
  files: TlsFiles,
  server: Renewable,
  onProblem: (problem: AppError) => void,
): () => void {
  let seen = stateOf(files);
  const timer = setInterval(() => {
    const state = stateOf(files);
    if (state === seen) return;
    seen = state;
    try {
      server.setSecureContext(readCertificate(files).pem);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      onProblem(error);
    }
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** Differs after each change, also of what a link leads to. */
const stateOf = ({ certificateFile, keyFile }: TlsFiles): string =>
  [certificateFile, keyFile]
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false, bigint: true });
      return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : "none";
    })
    .join(" | ");

function readPem(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(`${setting}: ${file} ${READING[code ?? ""] ?? `cannot be read (${code})`}`);
  }
}

const READING: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "may not be read by this user",
  EISDIR: "is a folder, not a file",
};

function understood<T>(read: () => T, problem: string): T {
  try {
    return read();
  } catch {
    throw unusable(problem);
  }
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  const names = subjectAltName?.split(", ").map((name) => name.replace(/^[^:]*:/, ""));
  return names?.join(", ") ?? /CN=([^\n]*)/.exec(subject ?? "")?.[1] ?? "no name";
}

const unusable = (message: string): AppError => new AppError("invalid_request", message);
