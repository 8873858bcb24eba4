/** The examples of site files are taken as they stand on the pages: whoever copies one is not sent looking for what is wrong with it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { isFault } from "../../src/kernel/faults.ts";

const folder = mkdtempSync(join(tmpdir(), "site-example-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROOT = join(import.meta.dirname, "../..");
const exampleOf = (page: string): string => /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, page), "utf8"))?.[1] ?? "";
const BUS = "buses: [ { id: tcp-1, transport: { kind: tcp, host: 127.0.0.1, port: 2404 } } ]\n";
const SMALL = `${BUS}meters: [ { address: "202611220001", account: "1000000001", bus: tcp-1, model: remote-ledger } ]\n`;

/** With the secrets it names, which are not ours to write down there. */
function complaints(text: string): readonly string[] {
  mkdirSync(join(folder, "secrets"), { recursive: true });
  writeFileSync(join(folder, "secrets/relay"), "123456", { mode: 0o600 });
  writeFileSync(join(folder, "secrets/mail"), "a secret of the mail server", { mode: 0o600 });
  writeFileSync(join(folder, "secrets/vault.yaml"), "notices/sms: a secret of the sender\n", { mode: 0o600 });
  writeFileSync(join(folder, "site.yaml"), text);
  try {
    loadConfig({
      path: join(folder, "site.yaml"),
      env: { SMS_KEY: "a secret of the sender", DESK_KEY: "a secret of the desk", FRONT_KEY: "another" },
    });
    return [];
  } catch (error) {
    if (isFault(error, "site-file-invalid")) return error.context["errors"] as string[];
    throw error;
  }
}

test.each([
  ["README.md", ""],
  ["docs/mass-cuts.md", SMALL],
  ["docs/recovery.md", SMALL],
  ["docs/retention.md", SMALL],
  ["docs/notices.md", `${SMALL}vault: { file: ./secrets/vault.yaml }\n`],
  ["docs/cut-off-strategy.md", BUS],
])("the example of %s is a site file", (page, around) => {
  const example = exampleOf(page);
  expect(example).not.toBe("");
  expect(complaints(around + example)).toEqual([]);
});
