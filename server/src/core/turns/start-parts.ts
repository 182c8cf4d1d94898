import type { LocalTurns } from "./local-turns.ts";
import type { TurnParts } from "./turn.ts";

/** With what turns are begun, gone on with and ended on this server. */
export type StartParts = TurnParts & { readonly local: LocalTurns };
