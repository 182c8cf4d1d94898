import { after, describe } from "node:test";
import { openPostgresStore } from "../src/adapters/stores/postgres/store.ts";
import type { Store } from "../src/ports/store.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createDatabase, type TestDatabase } from "./services.ts";
import { storeContract } from "./store.contract.ts";

const skip = skipWithoutPostgres();

describe("PostgreSQL", { skip }, () => {
  const databases: TestDatabase[] = [];
  after(() => Promise.all(databases.map((it) => it[Symbol.asyncDispose]())));
  async function freshUrl(): Promise<string> {
    const database = await createDatabase();
    databases.push(database);
    return database.url;
  }

  const urlOf = new WeakMap<Store, string>();
  storeContract("postgres", async (closed) => {
    const url = (closed && urlOf.get(closed)) ?? (await freshUrl());
    const store = await openPostgresStore({ url, isServer: true });
    urlOf.set(store, url);
    return store;
  });
});
