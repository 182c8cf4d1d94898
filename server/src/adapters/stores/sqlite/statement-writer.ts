import { type LimitNode, type OffsetNode, SqliteQueryCompiler } from "kysely";
import type { StatementWriter, WrittenStatement } from "../sql/statement.ts";
import { createStatementWriter } from "../sql/statement-writer.ts";

/**
 * SQLite plans a statement again whenever the parameter of its LIMIT or OFFSET is bound, because the plan may depend on
 * the value. The sign hides the parameter from the planner.
 */
class SignedLimits extends SqliteQueryCompiler {
  protected override visitLimit({ limit }: LimitNode): void {
    this.append("limit +");
    this.visitNode(limit);
  }

  protected override visitOffset({ offset }: OffsetNode): void {
    this.append("offset +");
    this.visitNode(offset);
  }
}

/** Writes statements for SQLite. */
export const sqliteStatementWriter = (
  onWritten?: (written: WrittenStatement) => void,
): StatementWriter => createStatementWriter(() => new SignedLimits(), onWritten);
