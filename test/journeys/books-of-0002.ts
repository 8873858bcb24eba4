/** Books as a gateway of schema 0002 left them when it was stopped: one meter and one command for each state of a command's life. */
import type { MeterPatch } from "../../simulator/street.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { at, type Database } from "../../src/stores/database.ts";
import { accountOf } from "../support/test-house.ts";

export interface Old {
  readonly id: string;
  readonly meter: string;
  readonly kind: "top-up" | "disconnect";
  readonly was: string;
  /** What happened to the meter before the gateway was stopped. */
  readonly street?: MeterPatch;
  /** It had been sent when the meter had counted so many purchases and held 10.00. */
  readonly sentAtCount?: number;
  readonly becomes: string;
  readonly because?: string;
  readonly meterEnds: Readonly<Record<string, unknown>>;
  readonly accountEnds: Readonly<Record<string, unknown>>;
}

type Told = Omit<Old, "id" | "meter" | "kind" | "accountEnds"> & Partial<Pick<Old, "kind" | "accountEnds">>;

const credited = { balance: "30.00", purchaseCount: 1 };
const untouched = { balance: "10.00", purchaseCount: 0 };
const settled = { available: "0.00", held: "0.00" };
const released = { available: "20.00", held: "0.00" };
const held = { available: "0.00", held: "20.00" };

const told: readonly Told[] = [
  { was: "accepted", becomes: "confirmed", meterEnds: { ...credited, obeyed: { topUps: 1 } } },
  { was: "queued", becomes: "confirmed", meterEnds: { ...credited, obeyed: { topUps: 1 } } },
  // obeyed, and nobody had heard it: it is read, and not sent again
  { was: "sending", sentAtCount: 0, street: credited, becomes: "confirmed", meterEnds: { ...credited, obeyed: { topUps: 0 } } },
  // lost on its way: it is read, and sent again with the number of then
  { was: "sending", sentAtCount: 0, becomes: "confirmed", meterEnds: { ...credited, obeyed: { topUps: 1 } } },
  // somebody else was there as well
  {
    was: "sending",
    sentAtCount: 0,
    street: { purchaseCount: 3 },
    becomes: "disputed",
    because: "count-gap",
    meterEnds: { purchaseCount: 3, obeyed: { topUps: 0 } },
    accountEnds: held,
  },
  { was: "verifying", sentAtCount: 0, street: credited, becomes: "confirmed", meterEnds: { ...credited, obeyed: { topUps: 0 } } },
  {
    was: "verifying",
    kind: "disconnect",
    sentAtCount: 0,
    becomes: "confirmed",
    meterEnds: { relay: "disconnected" },
    accountEnds: {},
  },
  { was: "queued", kind: "disconnect", becomes: "confirmed", meterEnds: { relay: "disconnected" }, accountEnds: {} },
  { was: "confirmed", sentAtCount: 0, street: credited, becomes: "confirmed", meterEnds: credited },
  { was: "refused", because: "hoard-limit", becomes: "refused", meterEnds: untouched, accountEnds: released },
  { was: "expired", because: "deadline", becomes: "expired", meterEnds: untouched, accountEnds: released },
  { was: "cancelled", because: "person", becomes: "cancelled", meterEnds: untouched, accountEnds: released },
  { was: "unanswered", because: "silence", kind: "disconnect", becomes: "unanswered", meterEnds: untouched, accountEnds: {} },
  { was: "disputed", because: "no-proof", sentAtCount: 0, becomes: "disputed", meterEnds: untouched, accountEnds: held },
];

export const oldCommands: readonly Old[] = told.map((one, index) => {
  const n = String(index + 1).padStart(2, "0");
  return {
    kind: "top-up",
    accountEnds: settled,
    ...one,
    id: `0198a000-0000-7000-8000-0000000000${n}`,
    meter: `2026112240${n}`,
  };
});
export const OLD = oldCommands[0]!.meter;

const OPEN = new Set(["accepted", "queued", "sending", "verifying"]);
const AMOUNT = 2_000;

/** Written in the columns that 0002 had: later schemas fill theirs by themselves. */
export async function booksOf0002(db: Database): Promise<void> {
  await db.transact(async (tx) => {
    for (const old of oldCommands) {
      const account = accountOf(old.meter);
      await db.run(
        tx,
        "INSERT INTO accounts (account, name, class, mode, tariff, created_at) VALUES ($1, $1, 'residential', 'local', 'flat', now())",
        [account],
      );
      await db.run(
        tx,
        `INSERT INTO meters (address, meter_number, customer_number, account, bus, model, active, identity, relay_reported, created_at)
         VALUES ($1, $1, $2, $3, 'tcp-1', 'standard-wallet', true, 'confirmed', 'connected', now())`,
        [old.meter, `00${account}`, account],
      );
      // of now, of a month long ago, and of a clock that had lost its time
      await db.run(
        tx,
        `INSERT INTO readings (meter, item, value, unit, taken_at, source, suspect)
         SELECT $1, 'voltage', '220.0', 'V', m, 'poll', CASE WHEN m < '1980-01-01' THEN 'from-the-past' END
           FROM unnest(ARRAY[now(), now() - interval '400 days', '1970-01-01']::timestamptz[]) m`,
        [old.meter],
      );
      await command(db, tx, old, account);
    }
  });
}

type Tx = Parameters<Parameters<Database["transact"]>[0]>[0];

async function command(db: Database, tx: Tx, old: Old, account: string): Promise<void> {
  const { id, was, kind, meter, because = null, sentAtCount } = old;
  const now = at(systemClock.now());
  const isMoney = kind === "top-up";
  const payment = isMoney ? id.replace("0198a000", "0198b000") : null;
  if (payment !== null) {
    const state = OPEN.has(was) ? "taken" : was === "confirmed" ? "allocated" : was === "disputed" ? "disputed" : "unallocated";
    await db.run(
      tx,
      "INSERT INTO payments (id, account, amount, channel, order_id, state, command, created_at) VALUES ($1::uuid, $2, $3, 'bank', $1::uuid::text, $4, $5, now())",
      [payment, account, AMOUNT, state, id],
    );
    await entry(db, tx, { kind: "payment", reference: payment, closes: null, from: "channel/bank", to: `available/${account}` });
    await entry(db, tx, { kind: "hold", reference: id, closes: null, from: `available/${account}`, to: `held/${account}` });
    if (was === "confirmed")
      await entry(db, tx, { kind: "settle", reference: id, closes: id, from: `held/${account}`, to: `meter/${meter}` });
    else if (!OPEN.has(was) && was !== "disputed")
      await entry(db, tx, { kind: "release", reference: id, closes: id, from: `held/${account}`, to: `available/${account}` });
  }
  const ended = OPEN.has(was) ? null : now;
  await db.run(
    tx,
    `INSERT INTO commands (id, kind, effect, meter, account, payment, params, asked_by, reason, state, because, fence, created_at, not_after, look_at, sent_at, ended_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'of before', $9, $10, 1, now() - interval '1 minute', now() + interval '2 hours', $11, $12, $13)`,
    [
      ...[id, kind, isMoney ? "adds" : "sets", meter, account, payment, isMoney ? { amount: String(AMOUNT) } : {}],
      ...[isMoney ? "payment" : "person", was, because, ended === null ? now : null],
      ...[sentAtCount === undefined ? null : now, ended],
    ],
  );
  if (sentAtCount === undefined) return;
  const before = isMoney ? { count: sentAtCount, net: "1000", takenAt: now.getTime() - 60_000, opening: false } : {};
  await db.run(
    tx,
    "INSERT INTO attempts (command, number, fence, at, before, outcome) VALUES ($1, 1, 1, now() - interval '30 seconds', $2, $3)",
    [id, before, was === "sending" ? "sending" : "silent"],
  );
}

async function entry(
  db: Database,
  tx: Tx,
  { kind, reference, closes, from, to }: { kind: string; reference: string; closes: string | null; from: string; to: string },
): Promise<void> {
  const [made] = await db.rows<{ id: bigint }>(
    tx,
    "INSERT INTO ledger_entries (kind, reference, closes, at) VALUES ($1, $2, $3, now()) RETURNING id",
    [kind, reference, closes],
  );
  for (const [book, amount] of [
    [from, -AMOUNT],
    [to, AMOUNT],
  ] as const) {
    await db.run(tx, "INSERT INTO ledger_legs (entry, book, amount) VALUES ($1, $2, $3)", [made!.id, book, amount]);
    if (!/^(available|held|meter)\//.test(book)) continue;
    await db.run(
      tx,
      "INSERT INTO ledger_positions (book, amount) VALUES ($1, $2) ON CONFLICT (book) DO UPDATE SET amount = ledger_positions.amount + EXCLUDED.amount",
      [book, amount],
    );
  }
}
