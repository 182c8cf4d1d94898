import type { TlsConfig } from "../../config/tls.ts";
import { readCertificate } from "../../http/tls.ts";
import { certificateInWords, minuteOf } from "../wording.ts";
import { type Finding, failure, fine, warning, wordsOf } from "./finding.ts";

const CHECK = "TLS_CERT";
const SOON_MS = 14 * 24 * 3_600_000;
const RENEW = "renew it; a running server takes the new files without a restart";

/** Checks whether the certificate can be used, and for how long. */
export function checkCertificate(files: TlsConfig): Finding {
  let certificate: ReturnType<typeof readCertificate>;
  try {
    certificate = readCertificate(files);
  } catch (error) {
    return failure(CHECK, wordsOf(error), "correct TLS_CERT and TLS_KEY, or unset both");
  }
  const { validFrom, validTo, names } = certificate;
  const nowMs = Date.now();
  if (validTo.getTime() <= nowMs)
    return failure(CHECK, `the certificate for ${names} expired at ${minuteOf(validTo)}`, RENEW);
  if (validFrom.getTime() > nowMs)
    return failure(
      CHECK,
      `the certificate for ${names} is not valid before ${minuteOf(validFrom)}`,
      "check the clock of this machine, and the certificate",
    );
  if (validTo.getTime() - nowMs < SOON_MS)
    return warning(CHECK, certificateInWords(certificate), RENEW);
  return fine(CHECK, certificateInWords(certificate));
}
