import type { Generated } from "kysely";

/* The tables of what people keep beside their conversations. */

export type AgentsTable = {
  row_id: Generated<number>;
  id: string;
  tenant_id: string;
  owner_id: string;
  name: string;
  instructions: string;
  model: string | null;
  temperature: number | null;
  voice: string | null;
  /** A JSON array of texts; null: all tools. */
  tools: string | null;
  created_at: number;
  updated_at: number;
};

export type ProfilesTable = {
  row_id: Generated<number>;
  tenant_id: string;
  owner_id: string;
  instructions: string;
  are_instructions_on: number;
  /** 1: models may remember. */
  is_memory_on: Generated<number>;
  updated_at: number;
};

export type MemoriesTable = {
  row_id: Generated<number>;
  tenant_id: string;
  owner_id: string;
  id: string;
  text: string;
  created_at: number;
  updated_at: number;
};

export type PromptsTable = {
  row_id: Generated<number>;
  tenant_id: string;
  owner_id: string;
  id: string;
  name: string;
  text: string;
  created_at: number;
  updated_at: number;
};

export type ProjectsTable = {
  row_id: Generated<number>;
  tenant_id: string;
  owner_id: string;
  id: string;
  name: string;
  instructions: string;
  /** A JSON array of objects, as that of a message. */
  attachments: string;
  created_at: number;
  updated_at: number;
};
