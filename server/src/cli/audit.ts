import { AUDIT_ACTIONS } from "../domain/audit.ts";
import type { StoredAuditEvent } from "../ports/audit-store.ts";
import type { Store } from "../ports/store.ts";
import { type Command, print, readArguments, say, UsageError } from "./command.ts";
import { configOfProcess } from "./environment.ts";
import { storageOf } from "./storage.ts";
import { table } from "./table.ts";
import { onOneLine } from "./wording.ts";

const MAX_WIDTH = 80;
const INDENT = " ".repeat(19);

/** The names with commas between them, in rows that fit a terminal. */
function inRows(names: readonly string[]): string {
  const rows = [""];
  for (const [index, name] of names.entries()) {
    const text = index < names.length - 1 ? `${name},` : name;
    const row = rows.at(-1);
    if (row && INDENT.length + row.length + text.length < MAX_WIDTH)
      rows[rows.length - 1] = `${row} ${text}`;
    else if (row) rows.push(text);
    else rows[0] = text;
  }
  return rows.map((row) => `${INDENT}${row}`).join("\n");
}

const HELP = `colloquy audit: show what happened to keys, sign-ins and data, newest last

  colloquy audit
  colloquy audit --action refused --limit 500
  colloquy audit --all --json > audit.jsonl

  --action NAME    only one of:
${inRows(AUDIT_ACTIONS)}
  --limit N        at most so many, the newest (default: 50)
  --all            from the beginning
  --json           as JSON Lines, with everything that was noted

Keys and invitations made and revoked, tools accepted and what is deleted are
noted with the deed itself; the first use of each credential, refusals (many of
one kind as one line, with their number) and calls of tools within a second.
Nothing in this log can be changed or deleted. It holds no message, no
credential, and neither the arguments of a call nor its result. Times are UTC.
`;

const PAGE = 1000;

export const audit: Command = async (args) => {
  const parsed = readArguments(
    args,
    {
      action: { type: "string" },
      limit: { type: "string", default: "50" },
      all: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
    HELP,
  );
  if (!parsed) return 0;
  const { action, limit, all, json } = parsed.values;
  if (action !== undefined && !AUDIT_ACTIONS.some((known) => known === action))
    throw new UsageError(`There is no action '${action}'.`);
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw new UsageError("--limit must be a whole number from 1.");
  const storage = storageOf(configOfProcess());
  if (!(await storage.isInUse())) {
    say(`Nothing was ever noted: no server has stored anything in ${storage.name}.`);
    return 0;
  }
  await using store = await storage.open();
  const most = all ? Number.POSITIVE_INFINITY : Number(limit);
  const events = (await newest(store, action, most)).toReversed();
  if (json) return print(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  if (events.length === 0) {
    say("Nothing of that was noted.");
    return 0;
  }
  return print(table([HEADINGS, ...events.map(cellsOf)]));
};

async function newest(
  store: Pick<Store, "listAuditEvents">,
  action: string | undefined,
  most: number,
): Promise<StoredAuditEvent[]> {
  const found: StoredAuditEvent[] = [];
  let before: number | undefined;
  while (found.length < most) {
    const page = await store.listAuditEvents({
      limit: PAGE,
      ...(before !== undefined && { before }),
    });
    for (const event of page)
      if (found.length < most && (action === undefined || event.action === action))
        found.push(event);
    before = page.at(-1)?.number;
    if (page.length < PAGE) break;
  }
  return found;
}

const HEADINGS = ["TIME", "ACTION", "BY", "FROM", "TENANT", "USER", "ABOUT", "WHY"];

const cellsOf = (event: StoredAuditEvent): string[] =>
  [
    event.at.toISOString().slice(0, 19).replace("T", " "),
    event.count > 1 ? `${event.action} ×${event.count}` : event.action,
    event.actor,
    event.address,
    event.tenantId,
    event.userId,
    event.about,
    event.reason,
  ].map((cell) => (cell === null ? "-" : onOneLine(cell)));
