/** What of a site counts as changed, and that no secret stands in the audit. */
import { expect, test } from "vitest";
import { changesOf, houseOf, partsOf } from "../../src/audit/settings.ts";
import { Secret } from "../../src/kernel/secret.ts";

const KEY = "ab".repeat(32);
const site = {
  policy: { mode: "shadow", cutBelow: 0n },
  prices: new Map([["flat", 5283n]]),
  meters: [
    { address: "202611220001", relayPassword: { level: "02", secret: new Secret("000000") } },
    { address: "202611220002", relayPassword: null },
  ],
  apiKeys: [{ name: "till", secret: new Secret("long") }],
  channels: null,
};
const known = (settings: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> =>
  new Map(changesOf(new Map(), partsOf(settings, KEY), KEY).map(({ subject, after }) => [subject, after]));
const changes = (now: Readonly<Record<string, unknown>>): string[] =>
  changesOf(known(site), partsOf(now, KEY), KEY).map(
    ({ what, subject, before, after }) =>
      `${what} ${subject.slice(`config/${houseOf(KEY)}/`.length)} ${before === null ? "new" : after === null ? "gone" : "other"}`,
  );

test("the same site is no change, whatever the order of its fields", () => {
  expect(changes(site)).toEqual([]);
  expect(changes({ ...site, policy: { cutBelow: 0n, mode: "shadow" } })).toEqual([]);
});

test("each part that differs is named by its path, and a key is a permission", () => {
  expect(changes({ ...site, policy: { mode: "live", cutBelow: 0n } })).toEqual(["config.changed policy.mode other"]);
  expect(changes({ ...site, prices: new Map([["flat", 5284n]]) })).toEqual(["config.changed prices.flat other"]);
  expect(changes({ ...site, apiKeys: [...site.apiKeys, { name: "clerk", secret: new Secret("x") }] })).toEqual([
    "permission.changed apiKeys/clerk new",
  ]);
  expect(changes({ ...site, apiKeys: [] })).toContain("permission.changed apiKeys/till gone");
  expect(changes({ ...site, meters: site.meters.slice(1) })).toEqual(["config.changed meters/202611220001 gone"]);
});

test("another secret is a change, and no secret is readable, not even to whoever tries short ones without the key", () => {
  const other = { ...site, apiKeys: [{ name: "till", secret: new Secret("longer") }] };
  expect(changes(other)).toEqual(["permission.changed apiKeys/till other"]);
  const text = JSON.stringify([...partsOf(site, KEY)]);
  expect(text).not.toContain('"000000"');
  expect(text).not.toContain('"long"');
  expect(partsOf(site, "cd".repeat(32)).get("apiKeys/till")).not.toEqual(partsOf(site, KEY).get("apiKeys/till"));
});
