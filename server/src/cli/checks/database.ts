import { examineDatabase } from "../../adapters/stores/postgres/examine.ts";
import type { Config } from "../../config/config.ts";
import { storageName } from "../../wiring/storage.ts";
import { type Finding, failure, fine, warning, wordsOf } from "./finding.ts";

const CHECK = "DATABASE_URL";
const LONG_ROUND_TRIP_MS = 5;

/** Checks whether the database works as required. `isUsable` means that the store may be opened. */
export async function checkDatabase(
  config: Config,
): Promise<{ findings: Finding[]; isUsable: boolean }> {
  const { databaseUrl, databasePoolSize } = config;
  if (databaseUrl === null) return { findings: [], isUsable: false };
  try {
    const facts = await examineDatabase(databaseUrl);
    const roundTrip = `${facts.roundTripMs.toFixed(1)} ms there and back`;
    const findings = [
      fine(CHECK, `${storageName(config)}, version ${facts.version}, ${roundTrip}`),
    ];
    const warn = (message: string, remedy: string) =>
      findings.push(warning(CHECK, message, remedy));
    if (facts.isUnbounded)
      warn(
        "its user is a superuser or bypasses row-level security: the second wall between users is missing",
        "make the database's owner a user of its own: CREATE ROLE colloquy LOGIN PASSWORD '…'",
      );
    if (!facts.isDurable)
      warn(
        "the server is told not to wait for its disk: a power cut loses what was acknowledged",
        "set fsync = on and full_page_writes = on in postgresql.conf",
      );
    if (databasePoolSize > facts.mostConnections)
      warn(
        `DATABASE_POOL_SIZE is ${databasePoolSize}, and the server takes ${facts.mostConnections} connections in all`,
        "the pools of all replicas together must stay below max_connections",
      );
    if (facts.roundTripMs > LONG_ROUND_TRIP_MS)
      warn(`it is far away (${roundTrip})`, "run the server near its database");
    return { findings, isUsable: true };
  } catch (error) {
    return {
      findings: [
        failure(
          CHECK,
          `${storageName(config)}: ${wordsOf(error)}`,
          "start it, or correct DATABASE_URL",
        ),
      ],
      isUsable: false,
    };
  }
}
