/** The name of a push: no two are alike, and nobody who looks for its commands reads all that were ever made. */
import { expect, test } from "vitest";
import { commandsOf, momentOf, pushNamed } from "../../src/api/tariff-pushes.ts";
import type { Command } from "../../src/commands/command.ts";
import type { CommandFilter } from "../../src/commands/command-store.ts";
import { hours, Instant, later } from "../../src/kernel/clock.ts";

const at = Instant(Date.parse("2026-12-30T20:00:00+08:00"));
const named = (id: string): string => pushNamed({ tariff: "home.old", from: "2027-01-01", at, id });
const push = named("018f0000-0000-7000-8000-00000000beef");

test("two pushes of one millisecond have two names, and each says when it began", () => {
  const twin = named("018f0000-0000-7000-8000-00000000cafe");
  expect(twin).not.toBe(push);
  expect([momentOf(push), momentOf(twin)]).toEqual([at, at]);
});

test("a name of before, without what is random, is read as well; what is no name has no moment", () => {
  expect(momentOf(`home.2027-01-01.${at.toString(36)}`)).toBe(at);
  expect([momentOf("home.2027-01-01"), momentOf("nonsense"), momentOf("")]).toEqual([null, null, null]);
});

test("its commands are looked for from its moment on, an hour for clocks that differ, and no further back", async () => {
  const command = (n: number, of: string | undefined): Command =>
    ({ id: `id-${n}`, createdAt: later(at, n), params: of === undefined ? {} : { push: of } }) as unknown as Command;
  const asked: CommandFilter[] = [];
  const list = (filter: CommandFilter): Promise<readonly Command[]> => {
    asked.push(filter);
    return Promise.resolve([command(3, push), command(2, "another"), command(1, push), command(0, undefined)]);
  };
  expect((await commandsOf({ list }, push)).map(({ id }) => id)).toEqual(["id-1", "id-3"]);
  expect(asked).toMatchObject([{ kind: "tariff-set", since: later(at, -hours(1)) }]);
  expect(await commandsOf({ list }, "nonsense")).toEqual([]);
  expect(asked).toHaveLength(1);
});
