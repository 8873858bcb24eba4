/** Whoever asks why somebody is not cut, or not restored, hears of what holds a wish back that no rule holds back. */
import { describe, expect, test } from "vitest";
import type { Command } from "../../src/commands/command.ts";
import type { AccountBook } from "../../src/commands/command-store.ts";
import { hours, later, minutes, type Clock, type Instant } from "../../src/kernel/clock.ts";
import { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import type { RemoteMeter } from "../../src/policy/policy-store.ts";
import { resting, type Rest } from "../../src/policy/resting.ts";
import { Strategies } from "../../src/policy/strategies.ts";
import { WhyDesk, type WhyParts } from "../../src/policy/why.ts";
import { aCommand } from "../support/a-command.ts";
import { ago, now, owing, ZONE } from "./a-case.ts";

const meter = MeterAddress("202611220001");
const account: AccountBook = {
  ...{ account: AccountId("flat"), name: "", class: "residential", mode: "remote", tariff: "flat", meter },
};
const command = (changes: Partial<Command>): Command =>
  aCommand({ meter, createdAt: ago(minutes(20)), kind: "disconnect", effect: "sets", askedBy: "rule", ...changes });
const ended = (changes: Partial<Command>): Command => command({ state: "refused", endedAt: ago(minutes(10)), ...changes });

describe("a wish rests", () => {
  const cut = { want: "disconnected", kind: "disconnect" } as const;
  const restore = { want: "connected", kind: "arm" } as const;
  const lit = { relay: "connected", order: "connect" } as const;
  const dark = { relay: "disconnected", order: "disconnect" } as const;
  const beside = { ordered: [], last: null, heardAt: null, now };
  const restsOf = (last: Command, wish: typeof cut | typeof restore = cut, heardAt: Instant | null = null): readonly Rest[] =>
    resting(wish === cut ? lit : dark, wish, { ...beside, last, heardAt });
  const until = (ms: number): Instant => later(now, ms - minutes(10));

  test.each([
    ["taken-back-by-person", { state: "cancelled", because: "person" }, hours(24)],
    ["stuck", { state: "unanswered", because: "stuck" }, minutes(15)],
    ["password-refused", { because: "password-refused" }, hours(6)],
    ["silent", { state: "unanswered", because: "silence" }, minutes(15)],
    ["tried-in-vain", { because: "meter-refused" }, minutes(15)],
  ] as const)("%s, until its time is over", (code, changes, ms) => {
    expect(restsOf(ended(changes))).toEqual([{ code, until: until(ms) }]);
    expect(resting(lit, cut, { ...beside, last: ended(changes), now: until(ms) })).toEqual([]);
    expect(restsOf(ended({ ...changes, askedBy: "person" })), "what a person asked for tells nothing of the rules").toEqual([]);
  });

  test("not after what was done, taken back by the rules, or where the silent meter was heard; a restore only for a minute", () => {
    for (const changes of [{ state: "confirmed" }, { state: "cancelled", because: "paid" }, { state: "expired" }] as const)
      expect(restsOf(ended(changes))).toEqual([]);
    const silent = ended({ state: "unanswered", because: "silence" });
    expect(restsOf(silent, cut, ago(minutes(9)))).toEqual([]);
    expect(restsOf(silent, cut, ago(minutes(11)))).toHaveLength(1);
    const refused = (ms: number) => ended({ kind: "arm", because: "meter-refused", endedAt: ago(ms) });
    expect(restsOf(refused(minutes(1)), restore)).toEqual([]);
    expect(restsOf(refused(minutes(1) - 1), restore)).toEqual([{ code: "tried-in-vain", until: later(now, 1) }]);
  });

  test("while a person's order to the same relay is under way, and while nobody knows where it stands; not where it is fulfilled", () => {
    const ordered = [command({ kind: "reconnect", askedBy: "person", state: "queued" })];
    expect(resting(lit, cut, { ...beside, ordered })).toEqual([{ code: "person-order-under-way", until: null }]);
    const others = [command({ kind: "reconnect", state: "queued" }), ended({ kind: "reconnect", askedBy: "person" })];
    expect(resting(lit, cut, { ...beside, ordered: others })).toEqual([]);
    expect(resting({ relay: "unknown", order: null }, cut, beside)).toEqual([{ code: "relay-unknown", until: null }]);
    expect(resting({ relay: "unknown", order: null }, restore, beside)).toEqual([]);
    expect(resting(dark, cut, { ...beside, ordered })).toEqual([]);
  });
});

describe("why", () => {
  const whyOf = async (seen: Partial<RemoteMeter>, last: Command) => {
    const { available, relay, order, cutBy, readAt } = { ...owing, ...seen };
    const picture: RemoteMeter = {
      ...{ meter, account: account.account, class: "residential", available, relay, order, cutBy, readAt },
      ...{ alarm: null, protectedSupply: false, identity: "confirmed", disputed: false, cutWaiting: false, exemptions: [] },
      ...{ notice: null, paidAt: null, recentDays: [], standing: null },
    };
    const none = () => Promise.resolve([]);
    const parts = {
      store: { remoteMeter: () => Promise.resolve(picture), noticesOf: none, decisionsOf: none },
      exemptions: { of: none },
      commands: { list: none, lastEnded: () => Promise.resolve(last) },
      strategies: new Strategies({ timeZone: ZONE, site: { mode: "live" }, classes: new Map(), accounts: new Map() }),
      clock: { now: () => now } as Clock,
      latestOf: none,
      openDoubtOf: () => Promise.resolve(null),
      holdsCuts: () => Promise.resolve(false),
      heardAt: () => null,
      heldBy: none,
      listOf: () => Promise.resolve(null),
    };
    return new WhyDesk(parts as unknown as WhyParts).of(account);
  };

  test("says that a person took the last cut back, and until when that counts", async () => {
    const { blocks, answer } = await whyOf({}, ended({ state: "cancelled", because: "person" }));
    expect(blocks).toEqual(["taken-back-by-person"]);
    expect(answer).toEqual({
      en: "In arrears; a cut is due. Not cut now, because a person has taken back what the rules asked for last (until 2026-11-24 09:50).",
      zh: "欠费,应跳闸。当前不跳闸,原因:人工已撤销上一条自动命令(至 2026-11-24 09:50)。",
    });
  });

  test("says why a supply that is paid for is still dark", async () => {
    const paid = { available: parseYuan("5.00"), relay: "disconnected", order: "disconnect", cutBy: "rule" } as const;
    const { blocks, answer } = await whyOf(paid, ended({ kind: "arm", because: "password-refused" }));
    expect(blocks).toEqual(["in-credit"]);
    expect(answer.en).toBe(
      "The supply is to come back, because there is credit. Not asked for now, because the meter refused the password, and locks after a few wrong ones (until 2026-11-23 15:50).",
    );
    expect((await whyOf(paid, ended({ kind: "arm", state: "confirmed" }))).answer.en).toMatch(/^The supply comes back\./);
  });
});
