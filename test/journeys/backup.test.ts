/**
 * Books that are backed up while money goes on, and brought back when it has gone on without them. What the meters hold is counted on
 * the street: nothing is credited twice, and what nobody can know waits for a person.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/kernel/log.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { Database } from "../../src/stores/database.ts";
import { meterctl, type Said } from "../cli/terminal.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const LIMIT_MS = 60_000;
const TEST_MS_MAX = 90_000;
const address = (n: number): string => `2026112230${String(n).padStart(2, "0")}`;
const meters = Array.from({ length: 11 }, (_, n) => address(n + 1));
/** Top-ups go on after the backup. */
const [busy1, busy2, busy3, busy4] = meters as [string, string, string, string];
/** Nothing comes after the backup. */
const QUIET = meters[4]!;
/** Its top-up waits, unsent, while the backup is taken; and it is obeyed before the books come back. */
const WAITED = meters[5]!;
/** Waits as well, and is not heard before the books are back. */
const STILL_SILENT = meters[6]!;
/** Its top-up was sent and not answered when the backup was taken. */
const IN_FLIGHT = meters[7]!;
/** A person's order waits unsent, and is carried out and taken back before the books are back. */
const ORDERED = meters[8]!;
/** Never topped up by anybody before the books are back. */
const FRESH = meters[9]!;

/** Is paid for in the very moment of the backup: whether that is in it, and how far, nobody can say beforehand. */
const MEANWHILE = meters[10]!;

let house: TestHouse;
let folder: string;
let file: string;
let rows: Database | undefined;
const then: Record<string, string> = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fee-control-backup-"));
  file = join(folder, "books.gz");
  house = await raiseTestHouse({
    meters: meters.map((one) => ({ address: one, balance: "10.00", loadKw: 0 })),
    site: { reconciliation: { at: null } },
  });
});
afterAll(async () => {
  await rows?.close();
  await house.close();
  rmSync(folder, { recursive: true });
});

const database = (): string => house.database.connectionString;
const nameOfBooks = (): string => new URL(database()).pathname.slice(1);
const pay = async (meter: string, amount = "20.00"): Promise<string> => (await house.desk.pay(accountOf(meter), amount)).command!;
const until = <T>(what: string, look: () => Promise<T | null>): Promise<T> => house.desk.until(what, LIMIT_MS, look);
const confirmed = (command: string): Promise<Thing> => house.desk.commandIn(command, "confirmed", LIMIT_MS);
const stateIs = (command: string, state: string): Promise<Thing> =>
  until(`command ${command} to be ${state}`, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["state"] === state ? found : null;
  });
const obeyed = (meter: string): number => house.street.snapshot(meter).obeyed.topUps;
const silence = (meter: string): string => house.street.setFault(meter, { kind: "silence", times: 100_000 });
const itemsOf = async (query: string): Promise<readonly Thing[]> =>
  (await house.desk.get(`/v1/exceptions?state=open&limit=1000&${query}`))["items"] as readonly Thing[];
const restore = (...more: readonly string[]): Promise<Said> => meterctl(["restore", file, "--database", database(), ...more]);
const totalObeyed = (): number => meters.reduce((sum, meter) => sum + obeyed(meter), 0);

describe("a backup under load", { timeout: TEST_MS_MAX }, () => {
  test("is one whole file for its owner alone, while payments go on", async () => {
    for (const one of meters) if (one !== FRESH) await confirmed(await pay(one));
    const silent = [WAITED, STILL_SILENT, ORDERED].map((one) => [one, silence(one)] as const);
    then["waited"] = await pay(WAITED);
    then["stillSilent"] = await pay(STILL_SILENT);
    const order = { order: "disconnect", reason: "a test wants it" };
    then["ordered"] = String(((await house.desk.post(`/v1/meters/${ORDERED}/relay`, order))["command"] as Thing)["id"]);
    for (const name of ["waited", "stillSilent", "ordered"])
      await until(`${name} to wait for its meter`, async () =>
        (await house.desk.get(`/v1/commands/${then[name]!}`))["waitingFor"] === "meter-online" ? true : null,
      );
    house.street.setFault(IN_FLIGHT, { kind: "lost-reply", function: "03", di: "070102FF" });
    const before = obeyed(IN_FLIGHT);
    then["inFlight"] = await pay(IN_FLIGHT);
    await until("the meter to obey", () => Promise.resolve(obeyed(IN_FLIGHT) === before + 1 ? true : null));
    const deaf = silence(IN_FLIGHT);
    expect(["sending", "verifying"]).toContain((await house.desk.get(`/v1/commands/${then["inFlight"]}`))["state"]);

    const meanwhile = [1, 2, 3].map(() => pay(MEANWHILE, "1.00"));
    const said = await meterctl(["backup", file, "--database", database()]);
    expect(said).toMatchObject({ code: 0, error: "" });
    expect(said.out).toContain("No key is in it");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["books.gz"]);
    for (const command of await Promise.all(meanwhile)) await confirmed(command);
    house.street.clearFaults(IN_FLIGHT, deaf);
    for (const [one, fault] of silent) if (one !== STILL_SILENT) house.street.clearFaults(one, fault);
  });

  test("never writes over a file that is there", async () => {
    const before = readFileSync(file);
    expect(await meterctl(["backup", file, "--database", database()])).toMatchObject({
      code: 1,
      error: expect.stringContaining("file-exists") as string,
    });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("twenty more top-ups, an order and its taking back pass by, of which it knows nothing", async () => {
    for (const name of ["waited", "inFlight"]) await confirmed(then[name]!);
    await confirmed(then["ordered"]!);
    const back = { order: "reconnect", reason: "a test wants it back" };
    await confirmed(String(((await house.desk.post(`/v1/meters/${ORDERED}/relay`, back))["command"] as Thing)["id"]));
    for (let round = 0; round < 5; round += 1)
      for (const command of await Promise.all([busy1, busy2, busy3, busy4].map((one) => pay(one, "3.00"))))
        await confirmed(command);
    await confirmed(await pay(FRESH, "7.00"));
  });
});

describe("a restore", { timeout: TEST_MS_MAX }, () => {
  test("is refused while a gateway works on the books, and into books that are there, by name", async () => {
    expect(await restore()).toMatchObject({ code: 1, error: expect.stringContaining("database-in-use") as string });
    await house.gateway.stop();
    expect(await restore()).toMatchObject({ code: 1, error: expect.stringContaining("database-not-empty") as string });
    expect(await restore("--replace", "another-street")).toMatchObject({
      code: 2,
      error: expect.stringContaining(nameOfBooks()) as string,
    });
  });

  test.each([
    ["cut short", (whole: Buffer) => whole.subarray(0, whole.length - 100)],
    ["with one byte changed", (whole: Buffer) => Buffer.from(whole).fill(whole[1_000]! ^ 0x10, 1_000, 1_001)],
    ["that is something else", () => Buffer.from("not a backup")],
  ])("of a file %s changes nothing", async (_what, damage) => {
    const bad = join(folder, "bad.gz");
    writeFileSync(bad, damage(readFileSync(file)));
    const said = await meterctl(["restore", bad, "--database", database(), "--replace", nameOfBooks()]);
    expect(said).toMatchObject({ code: 1, error: expect.stringContaining("backup-broken") as string });
    rows ??= await Database.open({ connectionString: database(), log: silentLog, connectionsMax: 1 });
    expect(await rows.rows(null, "SELECT count(*)::int AS n FROM pg_namespace WHERE nspname LIKE 'before_restore%'")).toEqual([
      { n: 0 },
    ]);
    await rows.close();
    rows = undefined;
  });

  test("brings the books of then back, guards and all, and says what is in doubt", async () => {
    const said = await restore("--replace", nameOfBooks());
    expect(said).toMatchObject({ code: 0, error: "" });
    expect(said.out).toMatch(/[3-6] credits and refunds were open, 1 orders; 11 meters are looked at/);
    rows = await Database.open({ connectionString: database(), log: silentLog, connectionsMax: 1 });
    expect(await rows.rows(null, "SELECT state FROM commands WHERE id = $1", [then["waited"]])).toEqual([{ state: "queued" }]);
    await expect(rows.run(null, "DELETE FROM ledger_legs")).rejects.toThrow("never changed or deleted");
    expect(await meterctl(["audit", "verify", "--database", database()])).toMatchObject({ code: 0 });
    await rows.close();
    rows = undefined;
  });

  test("doubles nothing: what was unsent then and is in the meter now goes to a person", async () => {
    const before = totalObeyed();
    await house.restart();
    expect(await stateIs(then["waited"]!, "disputed")).toMatchObject({
      because: "restored",
      proof: { sent: null },
      attempts: [],
    });
    expect(await itemsOf(`meter=${WAITED}`)).toMatchObject([{ kind: "command-disputed", because: "restored" }]);
    expect(await house.desk.get(`/v1/accounts/${accountOf(WAITED)}`)).toMatchObject({ held: "20.00" });
    // what had left was looked at, and the meter shows it
    expect(await confirmed(then["inFlight"]!)).toMatchObject({ attempts: [{}] });
    expect(totalObeyed()).toBe(before);
  });

  test("repeats no order of then: the supply stays as it is, and a person is told", async () => {
    expect(await stateIs(then["ordered"]!, "refused")).toMatchObject({ because: "restored", attempts: [] });
    expect(house.street.snapshot(ORDERED)).toMatchObject({ relay: "connected", obeyed: { disconnects: 1 } });
    expect(await itemsOf(`meter=${ORDERED}`)).toMatchObject([{ kind: "command-refused", because: "restored" }]);
  });

  test("lets what was truly not sent go on as soon as its meter shows it", async () => {
    const before = obeyed(STILL_SILENT);
    expect(await house.desk.get(`/v1/commands/${then["stillSilent"]!}`)).toMatchObject({ state: "queued" });
    const refused = await fetch(`${house.gateway.url}/v1/commands/${then["stillSilent"]!}/cancel`, { method: "POST" });
    expect(await refused.json()).toMatchObject({ code: "already-sent" });
    // The comparison that a start on restored books begins has to find it silent: whom it reads it counts from there, and has nothing to skip later.
    rows = await Database.open({ connectionString: database(), log: silentLog, connectionsMax: 1 });
    const begun = "SELECT done_at IS NOT NULL AS done FROM reconciliations WHERE asked_by = 'restore'";
    await until("the comparison of the start to end", async () => {
      const [run] = await rows!.rows<{ done: boolean }>(null, begun);
      return run?.done === true ? run : null;
    });
    await rows.close();
    rows = undefined;
    house.street.clearFaults(STILL_SILENT);
    await confirmed(then["stillSilent"]!);
    expect(obeyed(STILL_SILENT)).toBe(before + 1);
  });

  test("names every meter that is ahead of the books", async () => {
    const asked = await house.desk.post("/v1/reconciliations", { meters: meters.filter((one) => one !== MEANWHILE) });
    const { report } = (await until("the comparison to end", async () => {
      const run = await house.desk.get(`/v1/reconciliations/${String(asked["id"])}`);
      return run["report"] === null ? null : run;
    })) as { report: { differences: readonly Thing[]; skipped: readonly Thing[] } };
    expect(report.differences.map(({ meter }) => meter).sort()).toEqual([busy1, busy2, busy3, busy4, FRESH]);
    // the one was silent when the books were copied, so nobody knows what its register showed then
    expect(report.skipped).toMatchObject([
      { meter: WAITED, why: "a top-up is under way" },
      { meter: STILL_SILENT, why: "its register was not read" },
    ]);
    expect((report.differences[0]!["findings"] as readonly Thing[])[0]).toMatchObject({ what: "purchase-count" });
  });

  test("sends a new payment where the meter stands still, and holds it back where it is ahead until somebody has explained that", async () => {
    await confirmed(await pay(QUIET));
    const [before, command] = [obeyed(busy1), await pay(busy1, "3.00")];
    await until("the payment to wait", async () =>
      (await house.desk.get(`/v1/commands/${command}`))["waitingFor"] === "restored" ? true : null,
    );
    expect(obeyed(busy1)).toBe(before);
    const [item] = await itemsOf(`meter=${busy1}&kind=ledger-difference`);
    await house.desk.post(`/v1/exceptions/${String(item!["id"])}/close`, { note: "these purchases stand in the bank's file" });
    await confirmed(command);
    expect(obeyed(busy1)).toBe(before + 1);
  });

  test("leaves one item open until a person says that the books are caught up", async () => {
    const [item] = await itemsOf("kind=books-restored");
    expect(item).toMatchObject({ owner: "money-desk", because: "restored" });
    await house.desk.post(`/v1/exceptions/${String(item!["id"])}/close`, { note: "the channels' files were brought in" });
    expect(await itemsOf("kind=books-restored")).toEqual([]);
  });
});
