import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Owner } from "../../src/domain/principal.ts";
import {
  aConversation,
  aMessage,
  anEnding,
  aPiece,
  aTurn,
  at,
  begun,
  completeTurn,
  inExisting,
  newOwner,
  type OpenStore,
  sharedStore,
  strangersTo,
} from "./fixtures.ts";

export function searchContract(open: OpenStore): void {
  describe("search", () => {
    const store = sharedStore(open);

    /** Of the index when all that was stored is in it. */
    async function pageOf(owner: Owner, query: string, page = { limit: 20, offset: 0 }) {
      let found = await store().search(owner, query, page);
      while (found.isIndexing) found = await store().search(owner, query, page);
      return found;
    }
    const hitsOf = async (...given: Parameters<typeof pageOf>) => (await pageOf(...given)).hits;
    /** The contents and titles that were found, sorted. */
    const found = async (owner: Owner, query: string) =>
      (await hitsOf(owner, query))
        .map(({ conversation, message }) => message?.content ?? `title: ${conversation.title}`)
        .sort();

    async function conversationOf(contents: readonly string[], title: string | null = null) {
      const owner = newOwner();
      const given = contents.map((content) => aMessage(content));
      const { id, messages } = await store().createConversation(
        owner,
        aConversation({ title }),
        given,
      );
      return { owner, id, messages };
    }

    test("finds messages and titles that hold every word, the last one perhaps begun", async () => {
      const { owner } = await conversationOf(
        ["the quick brown fox", "a brown bear", "quick thinking"],
        "Brown things",
      );
      const brown = ["a brown bear", "the quick brown fox", "title: Brown things"];
      assert.deepEqual(await found(owner, "brown"), brown);
      assert.deepEqual(await found(owner, "bro"), brown);
      assert.deepEqual(await found(owner, "BROWN quick"), ["the quick brown fox"]);
      assert.deepEqual(await found(owner, "quick bro"), ["the quick brown fox"]);
      assert.deepEqual(await found(owner, "bro quick"), []);
      assert.deepEqual(await found(owner, "rown"), []);
    });

    test("a hit has its conversation, its message, and the text with matches marked", async () => {
      const { owner, id, messages } = await conversationOf(
        [`${"before ".repeat(100)}the needle here and a needle there${" after".repeat(100)}`],
        "About needles",
      );
      const conversation = await store().getConversation(owner, id);
      const hits = await hitsOf(owner, "needle");
      const byMessage = hits.find(({ message }) => message !== null);
      const byTitle = hits.find(({ message }) => message === null);
      assert.equal(hits.length, 2);
      assert.deepEqual(byMessage?.message, messages[0]);
      assert.deepEqual(byMessage?.conversation, conversation);
      assert.match(
        byMessage?.snippet ?? "",
        /before the \ue000needle\ue001 here and a \ue000needle\ue001 there after/,
      );
      assert.ok((byMessage?.snippet.length ?? 0) < 400);
      assert.deepEqual(byTitle?.conversation, conversation);
      assert.match(byTitle?.snippet ?? "", /^About \ue000needles?\ue001/);
    });

    test("a page says how many hits there are, on all pages and in each conversation", async () => {
      const { owner, id } = await conversationOf(["tide one", "tide two", "moon"], "The tides");
      const other = await store().createConversation(owner, aConversation({ title: "Other" }), [
        aMessage("a tide elsewhere"),
      ]);
      const page = await pageOf(owner, "tide", { limit: 3, offset: 0 });
      assert.deepEqual([page.total, page.conversations, page.isComplete], [4, 2, true]);
      const rest = await pageOf(owner, "tide", { limit: 3, offset: 3 });
      assert.deepEqual([page.hits.length, rest.hits.length, rest.total], [3, 1, 4]);
      for (const { conversation, hitsInConversation } of [...page.hits, ...rest.hits])
        assert.equal(hitsInConversation, conversation.id === id ? 3 : 1);
      assert.ok([...page.hits, ...rest.hits].some((hit) => hit.conversation.id === other.id));
      const none = await pageOf(owner, "nowhere");
      const counts = { total: 0, conversations: 0, isComplete: true, isIndexing: false };
      assert.deepEqual(none, { hits: [], ...counts });
    });

    test("a snippet is without the signs of Markdown, and with those that are text", async () => {
      const { owner } = await conversationOf([
        "# Heading\n\n> - **bold needle** and `code`, [a link](https://example.org/x), ~~gone~~\n```js\n2*3*4 snake_case",
      ]);
      assert.equal(
        (await hitsOf(owner, "needle"))[0]?.snippet,
        "Heading bold \ue000needle\ue001 and code, a link, gone 2*3*4 snake_case",
      );
    });

    test("a query of the same word again and again is that word, and a long one is cut", async () => {
      const { owner } = await conversationOf(["1,".repeat(20_000), "あ".repeat(20_000), "one"]);
      for (const query of ["1,".repeat(500), "1 ".repeat(500), "あ".repeat(900)]) {
        const [hit, ...others] = await hitsOf(owner, query);
        assert.equal(others.length, 0);
        assert.ok((hit?.snippet.length ?? 0) < 1_000);
      }
      const many = Array.from({ length: 500 }, (_, place) => `w${place}`).join(" ");
      assert.deepEqual(await hitsOf(owner, many), []);
    });

    test("an owner's searches wait for each other, so many at most; another owner's do not", async () => {
      const { owner } = await conversationOf(["waiting"]);
      const { owner: other } = await conversationOf(["waiting"]);
      const asked = Array.from({ length: 30 }, () => pageOf(owner, "waiting"));
      const of = pageOf(other, "waiting");
      const outcomes = await Promise.allSettled(asked);
      assert.equal((await of).total, 1);
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      for (const { reason } of refused) assert.equal(reason.code, "rate_limited");
      assert.ok(refused.length >= 20, `${refused.length} refused`);
      assert.ok(refused.length < 30);
    });

    test("marks in the text itself are taken out", async () => {
      const { owner } = await conversationOf(["a \ue000forged\ue001 mark"]);
      assert.equal((await hitsOf(owner, "mark"))[0]?.snippet, "a forged \ue000mark\ue001");
      assert.equal((await hitsOf(owner, "forged")).length, 1);
    });

    test("case and accents make no difference", async () => {
      const { owner } = await conversationOf(["Crème brûlée à la carte", "ŻÓŁTY"]);
      for (const query of ["creme BRULEE", "crème", "CRE\u0300ME", "brûl"])
        assert.deepEqual(await found(owner, query), ["Crème brûlée à la carte"], query);
      assert.match((await hitsOf(owner, "creme"))[0]?.snippet ?? "", /^\ue000Crème\ue001 brûlée/);
      assert.deepEqual(await found(owner, "żó"), ["ŻÓŁTY"]);
    });

    test("languages without spaces are found by what is in the middle", async () => {
      const { owner } = await conversationOf([
        "今日は天気がいいですね",
        "我想学习中文和日文",
        "ภาษาไทยง่ายมาก",
        "안녕하세요 세계",
        "mixed日本語text",
      ]);
      assert.deepEqual(await found(owner, "天気"), ["今日は天気がいいですね"]);
      assert.deepEqual(await found(owner, "学习中文"), ["我想学习中文和日文"]);
      assert.deepEqual(await found(owner, "ไทย"), ["ภาษาไทยง่ายมาก"]);
      assert.deepEqual(await found(owner, "안녕"), ["안녕하세요 세계"]);
      assert.deepEqual(await found(owner, "日本"), ["mixed日本語text"]);
      assert.deepEqual(await found(owner, "気天"), []);
      assert.equal((await hitsOf(owner, "日文"))[0]?.snippet, "我想学习中文和\ue000日文\ue001");
    });

    test("a query is words, whatever its characters", async () => {
      const { owner } = await conversationOf([
        '"AND" is not NEAR( OR* title:x - a^b don\'t {c} +d',
      ]);
      for (const query of [
        '"',
        "*",
        "''",
        "(",
        ")",
        "-",
        "^",
        ":",
        "%",
        "_",
        "\\",
        ";--",
        "🎉",
        " ",
        "",
      ])
        assert.deepEqual(await hitsOf(owner, query), [], query);
      for (const query of [
        '"AND"',
        "NEAR(",
        "OR*",
        'is AND "not',
        "title:x",
        "a^b",
        "-a",
        "don't",
        "{c} +d",
        "NOT",
        "text:is",
      ])
        assert.equal((await hitsOf(owner, query)).length, query === "text:is" ? 0 : 1, query);
      const long = Array.from({ length: 2_000 }, (_, place) => `word${place}`).join(" ");
      assert.deepEqual(await hitsOf(owner, long), []);
      assert.deepEqual(await hitsOf(owner, "x".repeat(50_000)), []);
    });

    test("what was just acknowledged is found; a reply once it ended", async () => {
      const { owner, id } = await conversationOf([]);
      for (let round = 0; round < 5; round++) {
        const turn = begun(
          await store().beginTurn(owner, aTurn(inExisting(id), `question${round}`)),
        );
        assert.equal((await hitsOf(owner, `question${round}`)).length, 1);
        await store().checkpoint([aPiece(owner, turn.reply.id, `answer${round}`)]);
        assert.equal((await hitsOf(owner, `answer${round}`)).length, 0);
        await store().finishReply(owner, turn.reply.id, anEnding(`answer${round}`));
        assert.equal((await hitsOf(owner, `answer${round}`)).length, 1);
      }
      assert.equal((await hitsOf(owner, "answer")).length, 5);
    });

    test("a title that was given later, or changed, is found by what it is now", async () => {
      const { owner, id } = await conversationOf([]);
      assert.deepEqual(await hitsOf(owner, "first"), []);
      await store().beginTurn(owner, aTurn(inExisting(id)));
      assert.deepEqual(await found(owner, "first title"), ["title: A first title"]);
      await store().updateConversation(owner, id, { title: "Renamed", updatedAt: at(30) });
      assert.deepEqual(await found(owner, "first"), []);
      assert.deepEqual(await found(owner, "renamed"), ["title: Renamed"]);
    });

    test("deleted and replaced things are never found, new ones always", async () => {
      const { owner, id, messages } = await conversationOf(
        ["alpha one", "alpha two"],
        "alpha title",
      );
      assert.equal((await hitsOf(owner, "alpha")).length, 3);
      await store().deleteMessage(owner, messages[1]!.id);
      assert.deepEqual(await found(owner, "alpha"), ["alpha one", "title: alpha title"]);
      assert.equal((await hitsOf(owner, "alpha", { limit: 2, offset: 0 })).length, 2);
      await completeTurn(store(), owner, id, "beta", "alpha three");
      assert.deepEqual(await found(owner, "alpha one"), ["alpha one"]);
      const replaced = { messages: [aMessage("gamma")], updatedAt: at(30) };
      await store().updateConversation(owner, id, replaced);
      assert.deepEqual(await found(owner, "alpha"), ["title: alpha title"]);
      assert.deepEqual(await found(owner, "gamma"), ["gamma"]);
      await store().deleteConversation(owner, id);
      assert.deepEqual(await found(owner, "alpha"), []);
      assert.deepEqual(await found(owner, "gamma"), []);
      await store().createConversation(owner, aConversation(), [aMessage("alpha four")]);
      assert.deepEqual(await found(owner, "alpha"), ["alpha four"]);
    });

    test("another owner's things are never found", async () => {
      const { owner } = await conversationOf(["secret plan"], "secret title");
      for (const stranger of strangersTo(owner)) {
        assert.deepEqual(await hitsOf(stranger, "secret"), []);
        await store().createConversation(stranger, aConversation(), [aMessage("secret garden")]);
        assert.deepEqual(await found(stranger, "secret"), ["secret garden"]);
      }
      for (const word of Buffer.from(owner.tenantId).toString("hex").match(/.{16}/g) ?? [])
        assert.deepEqual(await hitsOf(owner, word), []);
    });

    test("pages go through all hits, the best first", async () => {
      const { owner } = await conversationOf([
        ...Array.from({ length: 24 }, (_, place) => `${"filler ".repeat(50)} rare ${place}`),
        "rare",
      ]);
      const seen: string[] = [];
      for (let offset = 0; offset < 30; offset += 10)
        for (const { message } of await hitsOf(owner, "rare", { limit: 10, offset }))
          seen.push(message?.content ?? "");
      assert.equal(seen[0], "rare");
      assert.equal(new Set(seen).size, 25);
    });

    test("a long text is found once by whatever is in it, wherever it lies, and not when it is changed or deleted", async () => {
      // Of two and three bytes a character, so that no character ends where 16 KiB do.
      const words = Array.from({ length: 8_000 }, (_, place) => `wört${place}`);
      const ideographs = Array.from({ length: 20_000 }, (_, place) =>
        String.fromCodePoint(0x4e00 + place),
      ).join("");
      const { owner, id, messages } = await conversationOf([
        `${words.join(" ")} ${"endless".repeat(9_000)} afterwards`,
        `x${ideographs}`,
        "wort3 in a short one",
      ]);
      const idsOf = async (query: string) =>
        (await hitsOf(owner, query)).map((hit) => hit.message?.id);
      const [long, asian, short] = messages.map((message) => message.id);
      let bytes = 0;
      for (const word of words) {
        const begins = Math.floor(bytes / 16_384);
        bytes += Buffer.byteLength(word);
        if (Math.floor(bytes++ / 16_384) === begins) continue;
        assert.deepEqual(await idsOf(`${word} end`), [long], word);
        for (let cut = 1; cut < word.length; cut += 3)
          assert.deepEqual(await idsOf(word.slice(cut)), [], `the end of ${word} is no word`);
      }
      assert.ok(bytes > 65_536);
      assert.deepEqual(await idsOf("wort7999 wort0 wort4000"), [long], "far from each other");
      assert.deepEqual(await idsOf("wort7999 wort0 wort8000"), []);
      assert.deepEqual(await idsOf("afterwards"), [long]);
      assert.deepEqual(new Set(await idsOf("wort3")), new Set([long, short]));
      assert.deepEqual((await pageOf(owner, "wort")).total, 2);
      for (const border of [5_461, 10_922, 16_384])
        for (let place = border - 33; place < border + 3; place += 5) {
          const phrase = ideographs.slice(place, place + 32);
          assert.deepEqual(await idsOf(phrase), [asian], `a phrase at ${place}`);
        }
      assert.deepEqual(await idsOf(`${ideographs[1]}${ideographs[0]}`), []);
      assert.match((await hitsOf(owner, "wort7999"))[0]?.snippet ?? "", /\ue000wört7999\ue001/);
      await store().updateConversation(owner, id, {
        messages: [{ ...aMessage(words.slice(0, 6_000).join(" ")), id: long ?? "" }],
        updatedAt: at(30),
      });
      assert.deepEqual(await idsOf("wort5999"), [long]);
      assert.deepEqual(await idsOf("wort7999"), []);
      assert.deepEqual(await idsOf(ideographs.slice(7_000, 7_009)), []);
      await store().deleteMessage(owner, long ?? "");
      assert.deepEqual(await idsOf("wort5999"), []);
    });

    test("a search after much was stored answers from what is indexed and says so; others find all that they have", async () => {
      const MESSAGES = 2_000;
      const { owner } = await conversationOf(
        Array.from({ length: MESSAGES }, (_, place) => `bulk ${place} ${"word ".repeat(400)}`),
        "The bulk",
      );
      const other = await conversationOf(["a bulk of their own", "🎉", ""], "🎉");
      const page = { limit: 20, offset: 0 };
      const first = await store().search(owner, "bulk", page);
      const beside = await store().search(other.owner, "bulk", page);
      assert.deepEqual([beside.total, beside.isIndexing], [1, false]);
      assert.ok(first.isIndexing);
      assert.ok(first.total < MESSAGES);
      let found = first;
      for (let searches = 0; found.isIndexing; searches++) {
        assert.ok(searches < 1_000);
        found = await store().search(owner, "bulk 1999", page);
      }
      assert.equal(found.total, 1);
      assert.equal((await store().search(owner, "bulk 0 word", page)).total, 1);
    });

    test("many new messages, some very long, are all found", async () => {
      const { owner } = await conversationOf(
        Array.from({ length: 500 }, (_, place) =>
          place % 50 === 0 ? `${"long ".repeat(19_000)} many` : `many ${place}`,
        ),
      );
      assert.equal((await hitsOf(owner, "many", { limit: 1_000, offset: 0 })).length, 500);
    });
  });
}
