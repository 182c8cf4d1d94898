/** Statements by which a transaction sees and changes the rows of its own owner in that table, and no others. */
export const ownerOnly = (table: string): string => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
  ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
  CREATE POLICY owner_only ON ${table} USING (
    tenant_id = current_setting('colloquy.tenant_id', true)
      AND owner_id = current_setting('colloquy.owner_id', true)
    OR current_setting('colloquy.everyone', true) = 'on'
  );`;
