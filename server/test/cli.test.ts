// The command line as a whole: help, exit codes, and its manners in a shell.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { workFolder } from "./cli-runner.ts";

test("every command has a help with examples", async () => {
  await using folder = await workFolder();
  for (const args of [
    ["keys"],
    ["keys", "create"],
    ["keys", "list"],
    ["keys", "revoke"],
    ["invitations"],
    ["invitations", "create"],
    ["invitations", "list"],
    ["invitations", "revoke"],
    ["backup"],
    ["restore"],
    ["export"],
    ["import"],
    ["audit"],
    ["doctor"],
    ["mcp"],
    ["serve"],
  ]) {
    const { code, stdout, stderr } = await folder.runProcess([...args, "--help"]);
    const name = `colloquy ${args.join(" ")}`;
    assert.equal(code, 0, name);
    assert.equal(stderr, "");
    assert.ok(stdout.startsWith(`${name}: `), name);
    assert.ok(
      stdout.split("\n").some((line) => /^ {2}.*colloquy /.test(line)),
      `${name} has no example`,
    );
    assert.ok(
      stdout.split("\n").every((line) => line.length <= 90),
      `${name} is too wide`,
    );
  }
});

test("what is not understood is named, with exit code 2", async () => {
  await using folder = await workFolder();
  for (const [args, words] of [
    [["exprot"], /no command 'exprot'/],
    [["__proto__"], /no command/],
    [["export", "--fast"], /Unknown option '--fast'.*colloquy export --help/],
    [["export", "a", "b"], /'b' is one argument too many/],
    [["import"], /Say which file/],
    [["doctor", "--json=yes"], /--json/],
  ] as const) {
    const { code, stdout, stderr } = await folder.runProcess(args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, words);
  }
});

test("wrong settings are told at once, with exit code 1", async () => {
  await using folder = await workFolder();
  await writeFile(folder.file(".env"), "PORT=eighty\nAUTH_ANONYMOUS=all\n");
  const { code, stderr } = await folder.runProcess(["keys", "list"]);
  assert.equal(code, 1);
  assert.match(stderr, /PORT must be/);
  assert.match(stderr, /AUTH_ANONYMOUS must be/);
});

test("a data folder that cannot be one is told in words", async () => {
  await using folder = await workFolder();
  await writeFile(folder.file("data"), "");
  for (const args of [["keys", "list"], ["keys", "create"], ["export"]]) {
    const { code, stderr } = await folder.runProcess(args);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /The data folder .*data \(DATA_DIR\) (?:lies in something that is not a folder|exists already)/,
    );
    assert.ok(!stderr.includes("    at "), "no stack");
  }
});
