// What every turn log promises (ports/turn-log.ts), tried on one of them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { documentOf, NOT_GENERATED } from "../src/domain/message.ts";
import { apply, cutAt, lengthOfAll, textIn, withText } from "../src/domain/parts.ts";
import { pulled, type Sink, type StopGiving } from "../src/domain/sink.ts";
import type { TurnEnding } from "../src/domain/turn.ts";
import type { PartsEvent, TurnLog, TurnWriter } from "../src/ports/turn-log.ts";
import { EVERY_PART } from "./store-contract/parts.ts";

export type TurnLogSubject = AsyncDisposable & {
  /** Where turns run. */
  readonly running: TurnLog;
  /** Where they are watched and stopped: the same log, or another replica's. */
  readonly watching: TurnLog;
  /** Resolves once the watching side can find that reply. */
  findable(replyId: string): Promise<void>;
};

const never = new AbortController().signal;

/** What a watcher gets, wherever the turn runs. */
export const watch = (
  log: TurnLog,
  replyId: string,
  position = 0,
  signal = never,
): AsyncIterable<PartsEvent> =>
  pulled<PartsEvent>(
    (sink) =>
      log.watch(replyId, position, sink) ??
      log.watchElsewhere?.(replyId, position, sink) ??
      nothing(sink),
    signal,
  );

function nothing({ end }: Sink<PartsEvent>): StopGiving {
  end();
  return () => {};
}

/** Adds text to the reply. */
export const append = (writer: TurnWriter, text: string): void =>
  writer.add({ type: "text", text });

export const ended = (content: string): TurnEnding => ({
  type: "completed",
  position: content.length + 1,
  reply: {
    id: "r",
    conversationId: "c",
    role: "assistant",
    content,
    model: "m",
    status: "complete",
    ...NOT_GENERATED,
    sequence: 2,
    createdAt: new Date(0),
    finishedAt: new Date(1),
  },
});

export const textOf = (events: readonly PartsEvent[]): string =>
  events.map((event) => (event.type === "grow" ? event.text : "")).join("");

/** Every delta's position is the length of the text so far. */
function checkPositions(events: readonly PartsEvent[], from: number): void {
  let position = from;
  for (const event of events) {
    if (event.type !== "grow") continue;
    position += event.text.length;
    assert.equal(event.position, position);
  }
}

export function turnLogContract(
  name: string,
  open: () => Promise<TurnLogSubject>,
  skip: () => string | false = () => false,
): void {
  describe(`turn log: ${name}`, { skip: skip() }, () => {
    const begin = async (subject: TurnLogSubject, replyId = "r", onStop = () => {}) => {
      const writer = subject.running.open({ replyId, conversationId: "c" }, onStop);
      await subject.findable(replyId);
      return writer;
    };

    test("a watcher gets the whole text in order, and the stream ends with the turn", async () => {
      await using subject = await open();
      const writer = await begin(subject);
      const words = Array.from({ length: 300 }, (_, index) => `word${index} 👩‍👩‍👧 `);
      const watching = watch(subject.watching, "r")[Symbol.asyncIterator]();
      append(writer, words[0] as string);
      // One who has asked, and not been heard yet, would find an ended turn.
      const first: PartsEvent = (await watching.next()).value;
      const watched = Array.fromAsync({ [Symbol.asyncIterator]: () => watching });
      for (const [index, word] of words.entries()) {
        if (index > 0) append(writer, word);
        if (index % 7 === 0) await new Promise(setImmediate);
      }
      const text = words.join("");
      writer.end(ended(text));
      const events = [first, ...(await watched)];
      assert.equal(textOf(events), text);
      checkPositions(events, 0);
      const endings = events.filter((event) => event.type !== "grow");
      const isHere = subject.running === subject.watching;
      assert.deepEqual(
        endings,
        isHere ? [ended(text)] : [],
        "elsewhere the store tells the ending",
      );
    });

    test("from every position the rest comes, without a gap or a repeat", async () => {
      await using subject = await open();
      const writer = await begin(subject);
      const text = 'a𝄞b👩‍👧c\u0301\n"quoted" \\ end';
      const early = Array.from({ length: text.length + 1 }, (_, position) =>
        Array.fromAsync(watch(subject.watching, "r", position)),
      );
      // Unit by unit, surrogates apart.
      const half = text.length / 2;
      for (let at = 0; at < half; at++) {
        append(writer, text.charAt(at));
        await new Promise(setImmediate);
      }
      const late = Array.from({ length: text.length + 1 }, (_, position) =>
        Array.fromAsync(watch(subject.watching, "r", position)),
      );
      const first = watch(subject.watching, "r")[Symbol.asyncIterator]();
      await first.next();
      for (let at = Math.ceil(half); at < text.length; at++) append(writer, text.charAt(at));
      writer.end(ended(text));
      for (const watched of [early, late])
        for (const [position, events] of (await Promise.all(watched)).entries()) {
          assert.equal(textOf(events), text.slice(position), `from ${position}`);
          checkPositions(events, position);
        }
      while (!(await first.next()).done);
    });

    test("from every position of a reply of many kinds of parts the rest comes, as its definition has it", async () => {
      await using subject = await open();
      const writer = await begin(subject);
      const length = lengthOfAll(EVERY_PART);
      const watchAll = () =>
        Array.from({ length: length + 1 }, (_, position) =>
          Array.fromAsync(watch(subject.watching, "r", position)),
        );
      const watched = [watchAll()];
      for (const part of EVERY_PART) {
        writer.add(withText(part, textIn(part).slice(0, 1)));
        await new Promise(setImmediate);
        if (part.type === "tool_call") watched.push(watchAll());
        if (textIn(part).length > 1)
          if (part.type === "text" || part.type === "reasoning")
            writer.add(withText(part, textIn(part).slice(1)));
          else writer.grow(textIn(part).slice(1));
      }
      assert.deepEqual(writer.reply.parts(), EVERY_PART);
      const first = watch(subject.watching, "r", length - 1)[Symbol.asyncIterator]();
      await first.next();
      const ending = ended("");
      writer.end({ ...ending, reply: { ...ending.reply, ...documentOf(EVERY_PART) } });
      for (const watchers of watched)
        for (const [position, events] of (await Promise.all(watchers)).entries()) {
          const steps = events.filter((event) => event.type === "open" || event.type === "grow");
          const had = cutAt(EVERY_PART, position);
          assert.deepEqual(steps.reduce(apply, had), EVERY_PART, `from ${position}`);
          const end = events.find((event) => event.type === "completed");
          if (end) assert.equal(end.position, length + 1);
        }
      while (!(await first.next()).done);
    });

    test("a watcher that leaves and comes back again and again misses nothing", async () => {
      await using subject = await open();
      const writer = await begin(subject);
      const words = Array.from({ length: 400 }, (_, word) => `${word} `);
      const text = words.join("");
      const writing = (async () => {
        for (const word of words) {
          append(writer, word);
          await new Promise(setImmediate);
        }
      })();
      let seen = "";
      // It has not ended yet: an ended turn is the store's.
      while (seen.length < text.length)
        for await (const event of watch(subject.watching, "r", seen.length)) {
          if (event.type === "grow") seen += event.text;
          break;
        }
      await writing;
      assert.equal(seen, text);
      writer.end(ended(text));
    });

    test("a slow watcher gets longer pieces", async () => {
      await using subject = await open();
      const writer = await begin(subject);
      const iterator = watch(subject.watching, "r")[Symbol.asyncIterator]();
      append(writer, "x");
      assert.equal(textOf([(await iterator.next()).value]), "x");
      for (let piece = 0; piece < 1000; piece++) append(writer, "yz");
      const other = watch(subject.watching, "r")[Symbol.asyncIterator]();
      let told = "";
      while (told.length < 2001) told += textOf([(await other.next()).value]);
      assert.equal(textOf([(await iterator.next()).value]), "yz".repeat(1000));
      writer.end(ended(told));
      for (const it of [iterator, other]) while (!(await it.next()).done);
    });

    test("aborting ends the iteration without an error; the others go on", async () => {
      await using subject = await open();
      const writer = await begin(subject);
      const leaving = new AbortController();
      const left = Array.fromAsync(watch(subject.watching, "r", 0, leaving.signal));
      const stayed = watch(subject.watching, "r")[Symbol.asyncIterator]();
      append(writer, "before ");
      assert.equal(textOf([(await stayed.next()).value]), "before ");
      leaving.abort();
      assert.ok(["", "before "].includes(textOf(await left)));
      append(writer, "after");
      assert.equal(textOf([(await stayed.next()).value]), "after");
      writer.end(ended("before after"));
      while (!(await stayed.next()).done);
    });

    test("a turn that is not running gives nothing: unknown, ended or taken back", async () => {
      await using subject = await open();
      (await begin(subject, "ended")).end(ended(""));
      (await begin(subject, "discarded")).discard();
      for (const id of ["unknown", "ended", "discarded"]) {
        assert.equal(subject.running.watch(id, 0, { take: () => undefined, end() {} }), null);
        assert.deepEqual(await Array.fromAsync(watch(subject.watching, id)), [], id);
      }
    });

    test("stopping asks every turn of the conversation, and says whether there was one", async () => {
      await using subject = await open();
      const stopped: string[] = [];
      const turn = (replyId: string, conversationId: string) =>
        subject.running.open({ replyId, conversationId }, (cause) =>
          stopped.push(`${replyId} ${cause}`),
        );
      const writers = [turn("one", "c"), turn("two", "c"), turn("other", "d")];
      for (const id of ["one", "two", "other"]) await subject.findable(id);
      assert.equal(await subject.watching.stop("nowhere", "stopped"), false);
      assert.equal(await subject.watching.stop("c", "deleted"), true);
      while (stopped.length < 2) await new Promise(setImmediate);
      assert.deepEqual(stopped.sort(), ["one deleted", "two deleted"]);
      assert.equal(await subject.watching.stop("c", "stopped", "two"), true);
      while (stopped.length < 3) await new Promise(setImmediate);
      assert.deepEqual(stopped.splice(2), ["two stopped"], "one alone");
      for (const writer of writers) writer.end(ended(""));
      while (await subject.watching.stop("c", "stopped")) await new Promise(setImmediate);
      assert.deepEqual(
        stopped.sort(),
        ["one deleted", "two deleted"],
        "an ended turn is not asked",
      );
    });

    test("a turn that begins where stopping was asked is not stopped by it", async () => {
      await using subject = await open();
      const first = subject.watching.open({ replyId: "first", conversationId: "c" }, () => {});
      const second = await begin(subject, "second");
      await subject.watching.stop("c", "stopped");
      const isStopped = Promise.withResolvers<boolean>();
      const next = subject.watching.open({ replyId: "next", conversationId: "c" }, () =>
        isStopped.resolve(true),
      );
      setTimeout(() => isStopped.resolve(false), 100);
      assert.equal(await isStopped.promise, false);
      for (const writer of [first, second, next]) writer.end(ended(""));
    });

    test("many turns at once, each with watchers that came at any time", async () => {
      await using subject = await open();
      const results = Array.from({ length: 60 }, async (_, index) => {
        const replyId = `r${index}`;
        const writer = subject.running.open({ replyId, conversationId: `c${index % 5}` }, () => {});
        await subject.findable(replyId);
        const watched: Promise<[number, PartsEvent[]]>[] = [];
        let text = "";
        for (let piece = 0; piece < 40; piece++) {
          if (piece % 8 === index % 8) {
            const from = Math.floor((text.length * piece) / 40);
            const watching = Array.fromAsync(watch(subject.watching, replyId, from));
            watched.push(watching.then((events) => [from, events]));
          }
          const word = `${index}.${piece} `;
          text += word;
          append(writer, word);
          await new Promise(setImmediate);
        }
        // A watcher who has asked, and not been heard yet, would find an ended turn.
        const last = watch(subject.watching, replyId)[Symbol.asyncIterator]();
        await last.next();
        writer.end(ended(text));
        await last.return?.();
        for (const [from, events] of await Promise.all(watched))
          assert.equal(textOf(events), text.slice(from), `${replyId} from ${from}`);
      });
      await Promise.all(results);
    });
  });
}
