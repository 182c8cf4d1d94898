// The files of a ChatGPT export: split, broken, and with texts that cannot be stored.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { chain, chat, said } from "./chatgpt-export.ts";
import { contents, importOf, stored } from "./chatgpt-steps.ts";
import { workFolder } from "./cli-runner.ts";

test("a folder, a split export and texts that cannot be stored", async () => {
  await using folder = await workFolder();
  await mkdir(folder.file("export"));
  const parts = [
    chat(1, chain([said("user", 1, "a\0b\ud800c 😀")])),
    chat(2, chain([said("user", 2, '"quoted" \\ ] } , [ {')])),
  ];
  for (const [place, part] of parts.entries())
    await writeFile(
      folder.file(`export/conversations-00${place}.json`),
      JSON.stringify([part], null, 2),
    );
  const { code, stdout } = await folder.run(["import", folder.file("export")]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /conversations-000\.json[\s\S]*changed +1 text [\s\S]*conversations-001\.json[\s\S]*taken +1 conversation/,
  );
  assert.deepEqual(
    (await stored(folder)).map(({ messages }) => contents(messages)),
    [["user: a\ufffdb\ufffdc 😀"], ['user: "quoted" \\ ] } , [ {']],
  );
});

test("a broken export is taken as far as it goes, and told in words", async () => {
  const good = JSON.stringify(chat(1, chain([said("user", 1, "one")])));
  const cases: readonly (readonly [
    content: string,
    code: number,
    stdout: RegExp,
    stderr: RegExp,
  ])[] = [
    ["[]", 0, /taken +nothing\n/, /^$/],
    [`[${good}`, 1, /taken +nothing\n/, /ends in the middle, after 0 whole elements/],
    [
      `[${good},{"title":"x`,
      1,
      /taken +1 conversation/,
      /ends in the middle, after 1 whole element: the file was cut off\. What was taken stays/,
    ],
    [`[${good}] [`, 1, /taken +1 conversation/, /something else follows/],
    [`[${good}}`, 1, /taken +nothing/, /a '\}' stands where nothing is open/],
    [
      `[${good},]`,
      0,
      /taken +1 conversation[\s\S]*not understood +1 conversation\n +conversation 2: it is not JSON/,
      /^$/,
    ],
    [
      `[${good},{"mapping":tru},[],"x",7]`,
      0,
      /not understood +4 conversations\n +conversation 2: it is not JSON\n +conversation 3: it is no object/,
      /^$/,
    ],
    ['[{"chat_messages":[]}]', 1, /not understood +1 conversation/, /Nothing of it is understood/],
    [`[${"[".repeat(100_000)}${"]".repeat(100_000)}, ${good}]`, 0, /taken +1 conversation/, /^$/],
    [
      `[${"[".repeat(100_000)}"\\ud800"${"]".repeat(100_000)}, ${good}]`,
      0,
      /conversation 1: it is (?:no object|nested too deeply)/,
      /^$/,
    ],
  ];
  await Promise.all(
    cases.map(async ([content, code, stdout, stderr]) => {
      await using folder = await workFolder();
      const imported = await importOf(folder, content);
      assert.equal(imported.code, code, content.slice(0, 80));
      assert.match(imported.stdout, stdout);
      assert.match(imported.stderr, stderr);
    }),
  );
});
