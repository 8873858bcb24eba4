/**
 * Somebody with all rights on the database, triggers switched off, changes what he likes: each change is found, and its place named. The
 * books are real ones: accounts, a meter, payments with their entries, commands that went through their states.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../src/cli/meterctl.ts";
import { PostgresAuditStore } from "../../src/stores/audit-store.ts";
import type { TestDatabase } from "../support/database.ts";
import { auditedBooks, METER } from "./audited-books.ts";

let database: TestDatabase;
let folder: string;
let heads: string;
let payments: string[];

interface Verdict {
  readonly code: number;
  readonly links: number;
  readonly findings: readonly {
    readonly kind: string;
    readonly sequence: number | null;
    readonly subject: string | null;
    readonly say: string;
  }[];
}

async function verdict(...more: string[]): Promise<Verdict> {
  let out = "";
  const terminal = { out: (text: string) => void (out += text), error: () => undefined, env: {} };
  const code = await main(["audit", "verify", "--json", ...more], terminal);
  return { code, ...(JSON.parse(out) as Omit<Verdict, "code">) };
}
const verify = (): Promise<Verdict> => verdict("--database", database.connectionString, "--heads", heads);

const run = (sql: string, params: unknown[] = []): Promise<number> => database.db.run(null, sql, params);

beforeAll(async () => {
  ({ database, folder, heads, payments } = await auditedBooks());
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Changes the books as a superuser can, verifies, and puts everything back as it was. */
async function tampered(...statements: readonly (string | readonly [string, ...unknown[]])[]): Promise<Verdict> {
  const tables = [
    "audit_rows",
    "audit_chain",
    "audit_waiting",
    "audited_tables",
    "payments",
    "ledger_entries",
    "ledger_legs",
    "ledger_positions",
    "commands",
    "meters",
    "accounts",
  ];
  const quietly = (all: readonly (string | readonly [string, ...unknown[]])[]): Promise<void> =>
    database.db.transact(async (tx) => {
      await database.db.run(tx, "SET LOCAL session_replication_role = replica");
      for (const one of all) {
        const [sql, ...params] = typeof one === "string" ? [one] : one;
        await database.db.run(tx, sql, params);
      }
    });
  await quietly(tables.map((table) => `CREATE TABLE kept_${table} AS SELECT * FROM ${table}`));
  try {
    await quietly(statements);
    return await verify();
  } finally {
    await quietly(
      tables.flatMap((table) => [
        `DELETE FROM ${table}`,
        `INSERT INTO ${table} ${["audit_rows", "ledger_entries"].includes(table) ? "OVERRIDING SYSTEM VALUE " : ""}SELECT * FROM kept_${table}`,
        `DROP TABLE kept_${table}`,
      ]),
    );
  }
}

const places = ({ findings }: Verdict): string[] =>
  findings.map(({ kind, sequence, subject }) => `${kind} ${sequence ?? subject}`);
const REHASH = `DO $$ DECLARE p bytea := decode(repeat('00', 32), 'hex'); s bigint := 0; c record; r audit_rows; BEGIN
  CREATE TEMP TABLE fresh_chain ON COMMIT DROP AS SELECT audit_row, row_number() OVER (ORDER BY sequence) AS sequence FROM audit_chain;
  DELETE FROM audit_chain;
  FOR c IN SELECT * FROM fresh_chain ORDER BY sequence LOOP
    SELECT * INTO r FROM audit_rows WHERE id = c.audit_row;
    INSERT INTO audit_chain VALUES (c.sequence, c.audit_row, p, audit_hash(p, c.sequence, r));
    p := audit_hash(p, c.sequence, r);
  END LOOP; END $$`;

test("books that nobody touched are found sound", async () => {
  const report = await verify();
  expect(report.findings).toEqual([]);
  expect(report.code).toBe(0);
  expect(report.links).toBeGreaterThan(30);
  expect((await tampered()).findings).toEqual([]); // and so are books that were put back
});

test("an edited row is named by its place", async () => {
  expect(
    places(
      await tampered("UPDATE audit_rows SET who = 'nobody' WHERE id = (SELECT audit_row FROM audit_chain WHERE sequence = 9)"),
    ),
  ).toEqual(["edited 9"]);
});

test("a deleted row is named by its place, and so is a link that went with it", async () => {
  const row = "(SELECT audit_row FROM audit_chain WHERE sequence = 9)";
  const alone = await tampered(`DELETE FROM audit_rows WHERE id = ${row}`);
  expect(places(alone)[0]).toBe("deleted 9");
  const both = await tampered(
    `DELETE FROM audit_rows WHERE id = ${row}`,
    "DELETE FROM audit_chain WHERE sequence BETWEEN 9 AND 11",
  );
  expect(both.findings[0]).toMatchObject({ kind: "missing", sequence: 9, say: "links 9 to 11 are missing" });
});

test("rows that change places are found at both places", async () => {
  const swap =
    "UPDATE audit_chain c SET audit_row = (SELECT audit_row FROM audit_chain WHERE sequence = 20 - c.sequence) WHERE sequence IN (9, 11)";
  const report = await tampered(
    "ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_audit_row_key",
    swap,
    "ALTER TABLE audit_chain ADD UNIQUE (audit_row)",
  );
  expect(places(report)).toEqual(["edited 9", "edited 11"]);
});

test("links that change places are found out of their order", async () => {
  const report = await tampered(
    "UPDATE audit_chain SET sequence = -sequence WHERE sequence IN (9, 11)",
    "UPDATE audit_chain SET sequence = 20 + sequence WHERE sequence < 0",
  );
  expect(places(report)).toContain("reordered 9");
  expect(places(report)).toContain("reordered 11");
});

test("a tail that was cut off is missed, because heads are kept elsewhere", async () => {
  const report = await tampered(
    "DELETE FROM audit_rows WHERE id IN (SELECT audit_row FROM audit_chain WHERE sequence > 30)",
    "DELETE FROM audit_chain WHERE sequence > 30",
  );
  expect(places(report)).toContain("tail-cut 31");
  expect(report.code).toBe(1);
});

test("a row put in by hand is found whether it is in the chain or not", async () => {
  const row =
    "INSERT INTO audit_rows (who, what, subject, after) VALUES ('me', 'account.changed', 'account/1', '{\"name\": \"Flat 1\"}')";
  expect((await tampered(row)).findings.map(({ kind }) => kind)).toEqual(["never-sealed"]);
  const linked = await tampered(
    row,
    "INSERT INTO audit_chain SELECT max(sequence) + 1, (SELECT max(id) FROM audit_rows), '\\x00', '\\x00' FROM audit_chain",
  );
  expect(linked.findings.map(({ kind }) => kind)).toEqual(["reordered"]);
});

test("a chain written anew is sound in itself, and betrayed by a head of before", async () => {
  const report = await tampered(
    [
      "UPDATE audit_rows SET after = after || '{\"amount\": 1}' WHERE subject = $1 AND what = 'payment.taken'",
      `payment/${payments[3]!}`,
    ],
    ["UPDATE payments SET amount = 1 WHERE id = $1", payments[3]],
    REHASH,
  );
  expect(report.findings.map(({ kind }) => kind)).toEqual(["rewritten"]);
});

test("all rows of a payment taken out of audit and books alike are found", async () => {
  const subjects = `(SELECT 'payment/' || $1::text UNION SELECT 'entry/' || id FROM ledger_entries WHERE reference = $1::text)`;
  const id = payments[2]!;
  const report = await tampered(
    [`DELETE FROM audit_chain WHERE audit_row IN (SELECT id FROM audit_rows WHERE subject IN ${subjects})`, id],
    [`DELETE FROM audit_rows WHERE subject IN ${subjects}`, id],
    ["DELETE FROM ledger_legs WHERE entry IN (SELECT id FROM ledger_entries WHERE reference = $1)", id],
    ["DELETE FROM ledger_entries WHERE reference = $1", id],
    ["DELETE FROM payments WHERE id = $1::uuid", id],
    "UPDATE ledger_positions SET amount = amount - 1000",
    REHASH,
  );
  expect(report.findings.map(({ kind }) => kind)).toContain("rewritten");
});

test.for([
  [
    "an amount",
    "UPDATE ledger_legs SET amount = amount * 2 WHERE entry = (SELECT min(id) FROM ledger_entries)",
    "differs entry/",
  ],
  ["an entry", "DELETE FROM ledger_entries WHERE id = (SELECT min(id) FROM ledger_entries)", "gone entry/"],
  ["a position", "UPDATE ledger_positions SET amount = amount + 1", "books available/1"],
  [
    "a payment's state",
    "UPDATE payments SET state = 'refunded' WHERE id = (SELECT min(id::text)::uuid FROM payments)",
    "differs payment/",
  ],
  [
    "a command's end",
    "UPDATE commands SET state = 'refused' WHERE id = (SELECT min(id::text)::uuid FROM commands)",
    "differs command/",
  ],
  ["a meter's relay", "UPDATE meters SET relay_reported = 'disconnected'", `differs meter/${METER}`],
  ["the list of audited tables", "DELETE FROM audited_tables WHERE name = 'payments'", "gone audited/payments"],
  ["the whole list of audited tables", "DELETE FROM audited_tables", "gone audited"],
  [
    "what of a table is looked at",
    "UPDATE audited_tables SET ignored = '{amount}' WHERE name = 'payments'",
    "differs audited/payments",
  ],
  ["an account", "UPDATE accounts SET mode = 'remote'", "differs account/1"],
  [
    "a payment that was never taken",
    "INSERT INTO payments VALUES (gen_random_uuid(), '1', 5, 'bank', 'x', 'taken', null, now())",
    "unaudited payment/",
  ],
  [
    "an entry that was never posted",
    "INSERT INTO ledger_entries (kind, reference, at) VALUES ('payment', 'x', now())",
    "unaudited entry/",
  ],
] as const)("the books themselves: %s changed by hand is found and named", async ([, sql, expected]) => {
  const report = await tampered(sql);
  expect(
    places(report).some((place) => place.startsWith(expected)),
    places(report).join("; "),
  ).toBe(true);
  expect(report.code).toBe(1);
});

test("whatever random column of whatever random rows is changed, it is found", async () => {
  const columns = [
    "at = at + interval '1 microsecond'",
    "who = who || ' '",
    "what = 'other.thing'",
    "subject = subject || 'x'",
    "because = coalesce(because, '') || '.'",
    "after = coalesce(after, '{}') || '{\"x\": 1}'",
    "before = coalesce(before, '{}') || '{\"x\": 1}'",
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...columns, "DELETE"),
      async (sequences, change) => {
        const where = `WHERE id IN (SELECT audit_row FROM audit_chain WHERE sequence IN (${sequences.join(",")}))`;
        const report = await tampered(
          change === "DELETE" ? `DELETE FROM audit_rows ${where}` : `UPDATE audit_rows SET ${change} ${where}`,
        );
        const named = new Set(report.findings.map(({ sequence }) => sequence));
        for (const sequence of sequences) expect(named, `${change} at ${sequence}`).toContain(sequence);
      },
    ),
    { numRuns: 12 },
  );
});

test("an export is verified without a database, and a file that was touched is not believed", async () => {
  const file = join(folder, "audit.jsonl");
  const { readFileSync } = await import("node:fs");
  const terminal = { out: () => undefined, error: () => undefined, env: {} };
  expect(await main(["audit", "export", file, "--database", database.connectionString], terminal)).toBe(0);
  expect(await main(["audit", "export", file, "--database", database.connectionString], terminal)).toBe(1); // never over a file that is there
  expect((await verdict("--file", file, "--heads", heads)).findings).toEqual([]);
  const lines = readFileSync(file, "utf8").split("\n");
  const changed = join(folder, "changed.jsonl");
  writeFileSync(
    changed,
    lines.map((line, index) => (index === 12 ? line.replace(/"who":"[^"]*"/, '"who":"somebody"') : line)).join("\n"),
  );
  expect(places(await verdict("--file", changed, "--heads", heads))).toEqual(["edited 12"]);
  writeFileSync(changed, lines.filter((_line, index) => index !== 12).join("\n"));
  expect((await verdict("--file", changed, "--heads", heads)).findings[0]?.say).toBe("link 12 is missing");
  writeFileSync(changed, `${lines.slice(0, 20).join("\n")}\n`);
  expect(places(await verdict("--file", changed, "--heads", heads))).toEqual(["tail-cut 20", "incomplete 19"]);
});

test("the audit can be neither changed nor emptied while the triggers stand", async () => {
  for (const sql of [
    "UPDATE audit_rows SET who = 'x'",
    "DELETE FROM audit_rows",
    "TRUNCATE audit_rows",
    "UPDATE audit_chain SET hash = previous",
    "DELETE FROM audit_chain",
    "TRUNCATE audit_chain",
  ])
    await expect(run(sql), sql).rejects.toThrow("the audit is never changed or deleted");
});

test("rows tell who, what, before, after and why", async () => {
  const rows = await new PostgresAuditStore(database.db).rowsOf([`payment/${payments[0]!}`]);
  expect(rows.map(({ who, what }) => `${who}: ${what}`)).toEqual(["till-3: payment.taken", "gateway: payment.changed"]);
  expect(rows[0]).toMatchObject({ because: "cash at the counter", before: null });
  expect(JSON.parse(rows[1]!.before!)).toEqual({ state: "taken", command: null });
  expect(JSON.parse(rows[1]!.after!)).toMatchObject({ state: "allocated" });
});

test("a change from a session in another zone looks the same", async () => {
  await database.db.transact(async (tx) => {
    await database.db.run(tx, "SET LOCAL TIME ZONE 'Asia/Shanghai'");
    await database.db.run(tx, "UPDATE accounts SET created_at = created_at + interval '1 second'");
  });
  expect((await verify()).findings).toEqual([]);
});

test("a table that comes later is audited by one line, from what it holds already on, and every column counts", async () => {
  await run("CREATE TABLE vouchers (id int PRIMARY KEY, amount bigint NOT NULL)");
  await run("INSERT INTO vouchers VALUES (1, 100)");
  await run("SELECT fee_control_audit('vouchers', 'voucher', '{id}')");
  await run("UPDATE vouchers SET amount = 101");
  await run("ALTER TABLE vouchers ADD COLUMN seen boolean NOT NULL DEFAULT false");
  await run("SELECT fee_control_audit('vouchers', 'voucher', '{id}')");
  await run("UPDATE vouchers SET seen = true");
  await run("INSERT INTO vouchers VALUES (2, 5)");
  await run("DELETE FROM vouchers WHERE id = 2");
  const store = new PostgresAuditStore(database.db);
  expect((await store.rowsOf(["voucher/1", "voucher/2"])).map(({ what, after }) => `${what} ${after}`)).toEqual([
    'audit.started {"id": 1, "amount": 100}',
    'voucher.changed {"amount": 101}',
    'audit.started {"seen": false}',
    'voucher.changed {"seen": true}',
    'voucher.added {"id": 2, "seen": false, "amount": 5}',
    "voucher.removed null",
  ]);
  expect((await verify()).findings).toEqual([]);
  await run("TRUNCATE vouchers");
  expect((await store.page({ limit: 1 }))[0]).toMatchObject({ what: "table.emptied", subject: "table/vouchers" });
  expect(places(await verify())).toEqual(["gone voucher/1"]);
  const triggers = await database.db.rows<{ name: string; ignored: string[]; columns: string[]; definition: string }>(
    null,
    `SELECT t.name, t.ignored, (SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = t.name::regclass AND attnum > 0 AND NOT attisdropped) AS columns,
            pg_get_triggerdef(g.oid) AS definition FROM audited_tables t JOIN pg_trigger g ON g.tgrelid = t.name::regclass AND g.tgname = 'audit_changes_of'`,
  );
  expect(triggers.length).toBeGreaterThan(5);
  for (const { name, ignored, columns, definition } of triggers)
    for (const column of columns.filter((one) => !ignored.includes(one)))
      expect(definition, `${name}.${column} is neither watched nor left out: say fee_control_audit('${name}', …) again`).toMatch(
        new RegExp(`old\\."?${column}"? IS DISTINCT`),
      );
});
