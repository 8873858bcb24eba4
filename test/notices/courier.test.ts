/** What becomes of one notice on its way: channels in order, pauses, deaths between two words, and who hears of what failed. */
import { beforeEach, describe, expect, test } from "vitest";
import { hours, Instant, later, minutes, seconds, type Clock } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { NoticeChannel } from "../../src/notices/channel.ts";
import { Courier, type CourierParts, type Draft } from "../../src/notices/courier.ts";
import { NoticeDesk } from "../../src/notices/desk.ts";
import { NoticeId, type NoticeRecord } from "../../src/notices/notice.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";
import { MemoryChannel, noticesConfig } from "./world.ts";

const ACCOUNT = AccountId("1000000001");
const START = Instant(Date.UTC(2026, 10, 23, 2));
const PHONE = "13800000000";

let now = START;
/** Nobody waits in here but for a channel that does not answer: `late` lets its time be over. */
let late: (() => void)[] = [];
const clock: Clock = {
  now: () => now,
  wait: (_ms, signal) =>
    new Promise((resolve) => {
      late.push(resolve);
      if (signal?.aborted === true) resolve();
      signal?.addEventListener("abort", () => resolve(), { once: true });
    }),
};
let db: InMemoryDatabase;
let stores: StoresInMemory;
let sms: MemoryChannel;
let mail: MemoryChannel;
let failed: string[];
let told: string[];
let whyNot: string | null;
let ids = 0;

beforeEach(async () => {
  now = START;
  late = [];
  db = new InMemoryDatabase({ now: () => now });
  stores = storesInMemory(db, clock);
  [sms, mail] = [new MemoryChannel("sms", () => clock), new MemoryChannel("mail", () => clock)];
  [failed, told, whyNot] = [[], [], null];
  await stores.meters.bringIn([{ account: ACCOUNT, name: "", class: "residential", mode: "remote", tariff: "flat" }], []);
});

const write = async (more: Partial<NoticeRecord> = {}): Promise<NoticeId> => {
  const id = NoticeId(`00000000-0000-7000-8000-${String((ids += 1)).padStart(12, "0")}`);
  const notice: NoticeRecord = {
    ...{ id, account: ACCOUNT, meter: null, kind: "notice-due", at: now, available: Fen(-5n), details: {}, once: null },
    ...{ state: "waiting", because: null, delivered: null, channel: null, said: null, tries: 0 },
    ...{ notAfter: later(now, hours(24)), nextAt: now, takenUntil: null, triesFrom: now },
    ...more,
  };
  await db.transact((tx) => stores.notices.insert(tx, notice));
  return id;
};
const contact = { phone: new Secret(PHONE), email: new Secret("li.si@example.com") };
const draftOf = ({ id, account, kind, available }: NoticeRecord): Promise<Draft> =>
  Promise.resolve(
    whyNot === null
      ? {
          message: {
            ...{ id, kind, account, name: "", class: "residential", at: now, available, cutFrom: null, contact },
            ...{ language: "en", subject: "s", text: "t" },
          },
        }
      : { whyNot },
  );
const courierOn = (more: Partial<CourierParts> = {}): Courier =>
  new Courier({
    ...{
      store: stores.notices,
      transactor: db,
      outbox: stores.outbox,
      clock,
      log: silentLog,
      draftOf,
      chance: { next: () => 0 },
    },
    channels: [sms, mail].map((channel) => ({ channel, patienceMs: seconds(10) })),
    undelivered: {
      failed: (_tx, { id }, because) => Promise.resolve(void failed.push(`${id.slice(-2)} ${because}`)),
      told: (_tx, { id }) => Promise.resolve(void told.push(id.slice(-2))),
    },
    ...more,
  });
const row = async (id: NoticeId) => (await stores.notices.find(id))!;
const tries = async (id: NoticeId) =>
  (await stores.notices.attempts(id)).map(({ channel, outcome, words }) => `${channel} ${outcome} ${words ?? ""}`.trimEnd());

describe("a notice", () => {
  test("goes to the first channel that takes it, and no further; whoever waits for it is woken", async () => {
    const id = await write();
    await courierOn().look();
    expect(await row(id)).toMatchObject({ state: "delivered", delivered: START, channel: "sms", nextAt: null, takenUntil: null });
    expect((await row(id)).said).toEqual({ language: "en", subject: "s", text: "t" });
    expect([sms.heard.length, mail.heard.length]).toEqual([1, 0]);
    expect(await stores.outbox.next(9, null)).toMatchObject([{ event: { type: "account", account: ACCOUNT } }]);
    expect(told).toHaveLength(1);
    await courierOn().look();
    expect(sms.heard).toHaveLength(1);
  });

  test("goes on to the next channel, and not back to one that refused it for good", async () => {
    sms.answer = () => ({ outcome: "never", words: "HTTP 410" });
    mail.answer = () => ({ outcome: "later", words: "451 busy" });
    const id = await write();
    const courier = courierOn();
    await courier.look();
    now = later(now, hours(1));
    mail.answer = () => ({ outcome: "delivered", words: "250 ok" });
    await courier.look();
    expect(await tries(id)).toEqual(["sms never HTTP 410", "mail later 451 busy", "mail delivered 250 ok"]);
    expect(await row(id)).toMatchObject({ state: "delivered", channel: "mail", tries: 3 });
    expect([...courier.counts]).toEqual([
      ["sms", { delivered: 0, later: 0, never: 1 }],
      ["mail", { delivered: 1, later: 1, never: 0 }],
    ]);
  });

  test("that nobody takes is tried with growing pauses, and is a person's when its time is over", async () => {
    sms.answer = mail.answer = () => ({ outcome: "later", words: "down" });
    const id = await write();
    const courier = courierOn();
    const pauses: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      await courier.look();
      const { nextAt } = await row(id);
      pauses.push((nextAt! - now) / 1_000);
      now = nextAt!;
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
    now = later(START, hours(24));
    await courier.look();
    expect(await row(id)).toMatchObject({ state: "failed", because: "out-of-time", delivered: null, nextAt: null });
    expect(failed).toEqual([`${id.slice(-2)} out-of-time`]);
  });

  test("is never tried after its time, however long the pause would be", async () => {
    sms.answer = mail.answer = () => ({ outcome: "later", words: "down" });
    const id = await write({ notAfter: later(START, seconds(10)) });
    await courierOn().look();
    expect((await row(id)).nextAt).toBe(later(START, seconds(10)));
  });

  test("that all refuse is a person's at once; so is one for whom there is no way", async () => {
    sms.answer = mail.answer = () => ({ outcome: "never", words: "no" });
    const refused = await write();
    await courierOn().look();
    sms.missing = mail.missing = () => "no address";
    const unreachable = await write();
    await courierOn().look();
    expect(failed).toEqual([`${refused.slice(-2)} refused`, `${unreachable.slice(-2)} unreachable`]);
    expect(await tries(unreachable)).toEqual([]);
  });

  test("that is no longer so is not sent", async () => {
    whyNot = "paid";
    const id = await write();
    await courierOn().look();
    expect(await row(id)).toMatchObject({ state: "cancelled", because: "paid" });
    expect([sms.heard, failed]).toEqual([[], []]);
  });

  test("waits while the books are those of an older moment", async () => {
    const id = await write();
    await courierOn({ holds: () => Promise.resolve(true) }).look();
    expect((await row(id)).state).toBe("waiting");
    expect(sms.heard).toEqual([]);
  });

  test("does not say whom it is for in what is kept of the channel's words", async () => {
    sms.answer = () => ({ outcome: "never", words: `550 ${PHONE} LI.SI@example.com: no such user` });
    const id = await write();
    await courierOn().look();
    expect((await tries(id))[0]).toBe("sms never 550 138••••0000 l••••@example.com: no such user");
  });

  test("whose channel throws, or does not answer in its time, is tried again", async () => {
    sms.answer = () => Promise.reject(new Error("a mistake of ours"));
    mail.answer = () => new Promise(() => undefined);
    const id = await write();
    const looked = courierOn().look();
    while (mail.heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const wake of late) wake();
    await looked;
    expect(await tries(id)).toEqual(["sms later a mistake of ours", "mail later no answer in time"]);
    expect((await row(id)).state).toBe("waiting");
  });
});

describe("a courier that dies", () => {
  test("after the channel took it and before that was written sends it again under the same id, and it counts once", async () => {
    const id = await write();
    const dying = new InMemoryDatabase({ now: () => now }, db.books);
    const its = storesInMemory(dying, clock);
    sms.answer = () => {
      dying.crash(); // the process is gone before it can write down what it heard
      return { outcome: "delivered", words: "taken" };
    };
    await courierOn({ store: its.notices, transactor: dying, outbox: its.outbox }).look();
    sms.answer = () => ({ outcome: "delivered", words: "taken" });
    expect(await row(id)).toMatchObject({ state: "waiting", tries: 1 });
    expect(await tries(id)).toEqual(["sms begun"]);

    const next = courierOn();
    expect(await next.look(), "it may still be on its way").toBe(0);
    now = later(now, minutes(1));
    await next.look();
    await next.look();
    expect(sms.heard.map(({ id: heard }) => heard)).toEqual([id, id]);
    expect(await row(id)).toMatchObject({ state: "delivered", tries: 2 });
    expect(await tries(id)).toEqual(["sms begun", "sms delivered taken"]);
    expect(told).toHaveLength(1);
  });

  test("before the first byte loses none", async () => {
    const id = await write();
    const dying = new InMemoryDatabase({ now: () => now, hooks: { beforeCommit: () => "lost-before" } }, db.books);
    const its = storesInMemory(dying, clock);
    await courierOn({ store: its.notices, transactor: dying, outbox: its.outbox }).look();
    expect(sms.heard).toEqual([]);
    await courierOn().look();
    expect((await row(id)).state).toBe("delivered");
  });

  test("that stops does not wait for a channel as long as it is given, and leaves what it had to the next start", async () => {
    const id = await write();
    let begun = (): void => undefined;
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    const thinks: NoticeChannel = {
      ...{ name: "mail", kind: "smtp", missing: () => null, close: () => Promise.resolve() },
      send: (_message, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve({ outcome: "later", words: "hung up" }));
          begun();
        }),
    };
    const courier = courierOn({ channels: [{ channel: thinks, patienceMs: minutes(20) }] });
    courier.start();
    await isBegun;
    const stopped = courier.stop();
    late.at(-1)!(); // what a house that stops gives its parts
    await stopped;
    expect(await tries(id)).toEqual(["mail later hung up"]);
    expect(await row(id)).toMatchObject({ state: "waiting", takenUntil: null });
  });

  test("leaves each to one of two others", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => write()));
    await Promise.all([courierOn().look(), courierOn().look()]);
    expect(sms.heard.map(({ id }) => id).sort()).toEqual([...all].sort());
  });
});

describe("a person", () => {
  const desk = (): NoticeDesk =>
    new NoticeDesk({
      ...{ store: stores.notices, clock, newId: () => "test-1", contacts: new Map([[ACCOUNT, { contact }]]), language: "zh" },
      ...{ channels: [{ channel: sms, patienceMs: 10 }], wording: noticesConfig().wording },
    });
  const retry = (id: NoticeId) => db.transact((tx) => desk().retry(tx, id));

  test("has one that failed tried again, by every channel and with a life of its own", async () => {
    sms.answer = mail.answer = () => ({ outcome: "never", words: "HTTP 410" });
    const id = await write();
    await courierOn().look();
    now = later(now, hours(30));
    sms.answer = () => ({ outcome: "delivered", words: "taken" });
    await retry(id);
    await courierOn().look();
    expect(await row(id)).toMatchObject({ state: "delivered", channel: "sms", because: null });
    await expect(retry(id)).rejects.toThrow("notice-ended");
    await expect(retry(NoticeId("none"))).rejects.toThrow("unknown-notice");
  });

  test("who has one tried again while it is on its way is not forgotten", async () => {
    const id = await write();
    sms.answer = mail.answer = async () => {
      now = later(now, 1);
      await retry(id);
      return { outcome: "never", words: "HTTP 410" };
    };
    await courierOn().look();
    expect(failed).toEqual([]);
    expect(await stores.notices.due(now, 9)).toEqual([id]);
  });

  test("sees how somebody is reached with the middle left out, and tries a channel without a notice", async () => {
    expect(desk().reach(ACCOUNT)).toEqual({ phone: "138••••0000", email: "l••••@example.com" });
    expect(await desk().test("sms", { phone: "13900000000" })).toEqual({ outcome: "delivered", words: "taken" });
    expect(sms.heard[0]).toMatchObject({ kind: "test", account: null, id: "test-1" });
    expect(await stores.notices.list({ limit: 9 })).toEqual([]);
    await expect(desk().test("fax", {})).rejects.toThrow("unknown-notice-channel");
  });
});
