import type { Reader } from "./reader.ts";

/** The files of the certificate by which the server speaks TLS itself. */
export type TlsConfig = {
  /** In PEM, with the certificates of those who signed it behind it. */
  readonly certificateFile: string;
  /** In PEM, without a passphrase. */
  readonly keyFile: string;
};

/** TLS_CERT and TLS_KEY; null where neither is set. */
export function readTls(read: Reader, mistakes: string[]): TlsConfig | null {
  const certificateFile = read.text("TLS_CERT", "");
  const keyFile = read.text("TLS_KEY", "");
  if (certificateFile && !keyFile)
    mistakes.push("TLS_KEY is needed with TLS_CERT: the file of the certificate's private key");
  if (keyFile && !certificateFile)
    mistakes.push("TLS_CERT is needed with TLS_KEY: the file of the key's certificate");
  return certificateFile && keyFile ? { certificateFile, keyFile } : null;
}
