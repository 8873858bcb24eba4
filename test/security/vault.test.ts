/** Where secrets come from, and what a file that everybody may read is told. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { openVault } from "../../src/security/vault.ts";

const base = mkdtempSync(join(tmpdir(), "vault-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

function put(name: string, text: string, mode = 0o600): string {
  const path = join(base, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function open(options: { file?: string; production?: boolean; env?: Record<string, string> } = {}) {
  const warnings: string[] = [];
  const { production = false, env = {}, file } = options;
  const vault = openVault({
    base,
    env,
    production,
    warn: (what) => warnings.push(what),
    ...(file === undefined ? {} : { file }),
  });
  const said = (reference: string): string => {
    const found = vault.find(reference);
    return found instanceof Secret ? `secret ${found.open()}` : found.complaint;
  };
  return { said, warnings };
}

test("a file of its own, a variable, a line of the vault file", () => {
  put("relay", "123456\n");
  put("vault.yaml", 'relay/202611220001: "012345"\nrelay/202611220002: "654321"\n');
  const { said, warnings } = open({ file: "vault.yaml", env: { BANK: "drawn" } });
  expect([said("file:./relay"), said("env:BANK"), said("vault:relay/202611220001")]).toEqual([
    "secret 123456",
    "secret drawn",
    "secret 012345",
  ]);
  expect(warnings).toEqual([]);
});

test("what is missing is said by its name", () => {
  put("vault.yaml", 'relay/1: "1"\n');
  const { said } = open({ file: "vault.yaml", env: { EMPTY: "" } });
  expect(said("vault:relay/2")).toBe('vault.yaml has no entry "relay/2"');
  expect(said("env:EMPTY")).toBe("the environment variable EMPTY is not set");
  expect(said("file:./nowhere")).toMatch(/^cannot read the file: /);
  expect(open().said("vault:relay/1")).toBe("there is no vault file; name one under vault.file");
});

test.each([
  [0o644, /can be read by others \(mode 644\); chmod 600 /],
  [0o620, /can be changed by others \(mode 620\); chmod 600 /],
  [0o666, /can be read and changed by others \(mode 666\); chmod 600 /],
])("a file of mode %o is a warning, once, and in production no secret at all", (mode, told) => {
  put("open", "123456", mode);
  const { said, warnings } = open();
  expect([said("file:./open"), said("file:./open")]).toEqual(["secret 123456", "secret 123456"]);
  expect(warnings).toEqual([expect.stringMatching(told)]);
  expect(open({ production: true }).said("file:./open")).toMatch(told);
});

test.each([0o600, 0o400, 0o640])("a file of mode %o is nobody else's business", (mode) => {
  put("closed", "123456", mode);
  expect(open({ production: true }).said("file:./closed")).toBe("secret 123456");
});

test.each([
  ["a number that would lose its nought", "relay/1: 012345", /the entry "relay\/1" is no text; put its secret in quotes/],
  ["a list", "- 123456", /is no map/],
  ["no YAML", 'relay/1: "123456', /is no YAML/],
])("a vault file with %s is complained of without a word of what stands in it", (_what, text, told) => {
  put("wrong.yaml", text);
  const { said } = open({ file: "wrong.yaml" });
  expect(said("vault:relay/1")).toMatch(told);
  expect(said("vault:relay/1")).not.toMatch(/12345/);
});
