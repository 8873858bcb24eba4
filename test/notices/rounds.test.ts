/** One customer whose rows cannot be read must not keep those behind him, or next week's outage, from being told. */
import { expect, test } from "vitest";
import { Instant, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { NoticeStore } from "../../src/notices/notice-store.ts";
import { NoticeRounds } from "../../src/notices/rounds.ts";
import type { NoticeTeller } from "../../src/notices/teller.ts";
import { Strategies } from "../../src/policy/strategies.ts";

const NOW = Instant(Date.parse("2026-11-23T10:00:00+08:00"));
const clock: Clock = { now: () => NOW, wait: () => Promise.resolve() };

test("whoever cannot be looked after holds up neither the next one nor an outage", async () => {
  const meters = ["202611220001", "202611220002"].map((meter) => MeterAddress(meter));
  const accounts = ["1000000001", "1000000002"].map((account) => AccountId(account));
  const [looked, told]: [string[], string[]] = [[], []];
  const maintenance = [{ from: "2026-11-25T09:00:00+08:00", to: "2026-11-25T12:00:00+08:00", reason: "works" }];
  const rounds = new NoticeRounds({
    store: {
      untold: () => Promise.resolve(meters),
      toldOnce: () => Promise.resolve(new Map()),
    } satisfies Partial<NoticeStore> as unknown as NoticeStore,
    drafts: {
      look: (_tx, meter) => {
        looked.push(meter);
        return meter === meters[0] ? Promise.reject(new Error("this row cannot be read")) : Promise.resolve(null);
      },
    },
    teller: {
      outage: (_tx: unknown, _kind: unknown, { account }: { account: AccountId }) => {
        if (account === accounts[0]) return Promise.reject(new Error("this account cannot be written"));
        told.push(account);
        return Promise.resolve(true);
      },
    } as unknown as NoticeTeller,
    strategies: new Strategies({
      ...{ timeZone: "Asia/Shanghai", site: { noCut: { maintenance } }, classes: new Map(), accounts: new Map() },
    }),
    accounts: () =>
      Promise.resolve(
        accounts.map((account, n) => ({
          account,
          name: "",
          class: "residential",
          mode: "remote",
          tariff: "flat",
          meter: meters[n]!,
        })),
      ) as ReturnType<ConstructorParameters<typeof NoticeRounds>[0]["accounts"]>,
    transactor: { transact: (work) => work({} as never) },
    clock,
    log: silentLog,
  });
  await rounds.look();
  expect(looked).toEqual(meters);
  expect(told).toEqual([accounts[1]]);
});
