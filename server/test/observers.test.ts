// What an observer of turns may do to them: nothing.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { TurnObservation } from "../src/ports/observer.ts";
import { allEvents, caller, textOf } from "./chat-v1-client.ts";
import { startServer } from "./start-server.ts";
import type { Server } from "./wire-client.ts";

const MOMENTS = ["begin", "asked", "firstToken", "ended"] as const;
type Moment = (typeof MOMENTS)[number];

describe("an observer that throws", () => {
  let server: Server;
  let throwsAt: Moment | null = null;
  const called: Moment[] = [];
  /** What the observer behind the broken one is told. */
  const told: Moment[] = [];

  const observationOf = (meet: (moment: Moment) => void): TurnObservation => ({
    asked: () => meet("asked"),
    firstToken: () => meet("firstToken"),
    ended: () => meet("ended"),
  });
  const observerOf = (meet: (moment: Moment) => void) => ({
    begin() {
      meet("begin");
      return observationOf(meet);
    },
  });
  const broken = observerOf((moment) => {
    called.push(moment);
    if (moment === throwsAt) throw new Error(`broken at ${moment}`);
  });
  const sound = observerOf((moment) => told.push(moment));

  before(async () => {
    server = await startServer({ observers: [broken, sound] });
  });
  beforeEach(() => {
    throwsAt = null;
    called.length = 0;
    told.length = 0;
  });
  after(() => server[Symbol.asyncDispose]());

  for (const moment of MOMENTS)
    test(`[X7] at '${moment}' changes nothing: its turn, the next turns and other observers go on`, async () => {
      const { call, open, newConversation } = caller(server.url);
      const id = await newConversation();
      const ask = async (content: string) => {
        const { status, body } = await call(`/conversations/${id}/messages`, { body: { content } });
        assert.equal(status, 201, JSON.stringify(body));
        return body.data[1];
      };
      throwsAt = moment;
      assert.partialDeepStrictEqual(await ask("first {{reply text=one}}"), {
        content: "one",
        status: "complete",
      });
      assert.ok(called.includes(moment), "the observer threw");
      assert.deepEqual(told, MOMENTS, "the other observer was told everything");
      const streamed = await allEvents(
        await open(`/conversations/${id}/messages/stream`, {
          body: { content: "second {{reply text=two}}" },
        }),
      );
      assert.equal(textOf(streamed), "two");
      throwsAt = null;
      assert.equal((await ask("third {{reply text=three}}")).content, "three");
    });
});
