export const ALLOWED_MODELS_MIGRATION = `
  -- The models that a key may use, as a JSON array of names; null: every model of the server.
  ALTER TABLE api_keys ADD COLUMN models text;
  ALTER TABLE tickets ADD COLUMN models text;
  `;
