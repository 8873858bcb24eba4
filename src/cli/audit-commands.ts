/** `meterctl audit`: verifies the chain and the books against it, and exports it. Needs no gateway: an auditor asks the database, or a file. */
import { createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { NotedHead } from "../audit/audit-row.ts";
import { closing, heading, linkLine, readLinks } from "../audit/export-file.ts";
import { HEADS_FILE, headFileTrouble, readHeads } from "../audit/head-file.ts";
import { ChainWalk, type ChainReport, type Finding } from "../audit/verify-chain.ts";
import { iso, systemClock } from "../kernel/clock.ts";
import { silentLog } from "../kernel/log.ts";
import type { AuditBooks } from "../stores/audit-books.ts";
import { Exit, Failed, WrongUse } from "./exits.ts";
import type { Terminal } from "./terminal.ts";

const DATA_FOLDER = "./data";
const PROGRESS_EVERY = 50_000;
/** More would scroll the first one away, and the first one is what counts. */
const FINDINGS_SHOWN_MAX = 200;

interface VerifyOptions {
  readonly database?: string;
  readonly file?: string;
  readonly heads?: string;
  readonly json?: boolean;
}

interface Report extends ChainReport {
  readonly waiting: number | null;
  readonly findings: readonly Finding[];
  readonly more: number;
  /** What could not be looked at. */
  readonly notes: readonly string[];
}

export function auditCommands(program: Command, terminal: Terminal, end: (code: number) => void): void {
  const audit = program.command("audit").description("the audit's chain · 审计链");
  const databaseOption = (command: Command): Command =>
    command.option(
      "--database <url>",
      "postgres://… (default: DATABASE_URL, else the embedded one of GATEWAY_DATA or ./data, while its gateway runs)",
    );

  databaseOption(audit.command("verify"))
    .description("find any edit, deletion or reordering, in the chain and in the books · 校验")
    .option("--file <export>", "an export instead of a database: the chain alone")
    .option("--heads <file>", `${HEADS_FILE} of the gateway (default: that of GATEWAY_DATA or ./data, if it is there)`)
    .option("--json", "JSON alone")
    .action(async (options: VerifyOptions) => {
      if (options.file !== undefined && options.database !== undefined)
        throw new WrongUse("Name a database or a file, not both.");
      const report = await verify(options, terminal);
      terminal.out(options.json === true ? JSON.stringify(report, null, 2) : printReport(report));
      if (report.findings.length > 0) end(Exit.failed);
    });

  databaseOption(audit.command("export"))
    .description("write the chain to a file of JSON lines · 导出")
    .argument("<file>", "a new file")
    .action(async (file: string, options: { database?: string }) => {
      const links = await withBooks(await databaseOf(options, terminal), (books) => exportTo(file, books));
      terminal.out(
        `${links} links written to ${file}; verify them with: meterctl audit verify --file ${file} --heads ${HEADS_FILE}`,
      );
    });
}

async function databaseOf(options: { readonly database?: string }, { env }: Terminal): Promise<string> {
  const url = options.database ?? env["DATABASE_URL"] ?? "embedded";
  if (url === "embedded") {
    const folder = env["GATEWAY_DATA"] ?? DATA_FOLDER;
    if (!existsSync(folder))
      throw new WrongUse(`Which database? There is no data folder ${folder}; name one with --database or DATABASE_URL.`);
    const { embeddedAddress } = await import("../stores/embedded-address.ts");
    return embeddedAddress(folder);
  }
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new WrongUse("A database is named like postgres://USER:PASSWORD@HOST:PORT/NAME, or embedded.");
  return url;
}

async function withBooks<T>(connectionString: string, work: (books: AuditBooks) => Promise<T>): Promise<T> {
  const { Database } = await import("../stores/database.ts");
  const { AuditBooks } = await import("../stores/audit-books.ts");
  const db = await Database.open({ connectionString, log: silentLog, connectionsMax: 1, actor: "meterctl" });
  try {
    return await AuditBooks.look(db, work);
  } finally {
    await db.close();
  }
}

function headsOf(options: VerifyOptions, { env }: Terminal, notes: string[]): AsyncIterable<NotedHead> | null {
  const file = options.heads ?? join(env["GATEWAY_DATA"] ?? DATA_FOLDER, HEADS_FILE);
  if (!existsSync(file)) {
    if (options.heads !== undefined) throw new WrongUse(`There is no file ${file}.`);
    notes.push(
      `no ${HEADS_FILE} was compared: a tail that was cut off, or a chain written anew, would not be found; name one with --heads`,
    );
    return null;
  }
  const trouble = headFileTrouble(file);
  if (trouble !== null) notes.push(trouble);
  return readHeads(file);
}

async function verify(options: VerifyOptions, terminal: Terminal): Promise<Report> {
  const notes: string[] = [];
  const findings: Finding[] = [];
  let more = 0;
  const found = (finding: Finding): void => {
    if (findings.length < FINDINGS_SHOWN_MAX) findings.push(finding);
    else more += 1;
  };
  const heads = headsOf(options, terminal, notes); // before the database is looked at: see readHeads
  const walk = new ChainWalk(found, heads);
  const progress = (done: number, of: number | null): void => {
    if (done % PROGRESS_EVERY === 0) terminal.error(`${done}${of === null ? "" : ` of ${of}`} links`);
  };
  if (options.file !== undefined) {
    notes.push("a file tells nothing of the books themselves: only the chain was verified");
    let done = 0;
    let stated: { sequence: number; hash: string } | null = null;
    for await (const link of readLinks(options.file, (end) => (stated = end))) {
      await walk.take(link);
      progress((done += 1), null);
    }
    const report = await walk.end();
    const endsThere = stated as { sequence: number; hash: string } | null;
    if (endsThere === null) found(incomplete(report, "the file has no last line: it was cut short"));
    else if (endsThere.sequence !== report.head.sequence || endsThere.hash !== report.head.hash)
      found(incomplete(report, `the file says that the chain ends at link ${endsThere.sequence}, and it ends otherwise`));
    return { ...report, waiting: null, findings, more, notes };
  }
  return withBooks(await databaseOf(options, terminal), async (books) => {
    const count = await books.count();
    let done = 0;
    for await (const link of books.links()) {
      await walk.take(link);
      progress((done += 1), count);
    }
    const report = await walk.end();
    if (done >= PROGRESS_EVERY) terminal.error("now the books");
    for await (const difference of books.differences()) found(difference);
    return { ...report, waiting: await books.waiting(), findings, more, notes };
  });
}

const incomplete = ({ head }: ChainReport, say: string): Finding => ({
  kind: "incomplete",
  sequence: head.sequence,
  subject: null,
  say,
});

async function exportTo(file: string, books: AuditBooks): Promise<number> {
  if (existsSync(file)) throw new Failed(`${file} is there already; an export never writes over anything.`);
  const out = createWriteStream(file, { flags: "wx", mode: 0o600 });
  const failed = new Promise<never>((_resolve, reject) => out.once("error", reject));
  const write = async (line: string): Promise<void> => {
    if (!out.write(`${line}\n`)) await Promise.race([new Promise<void>((resolve) => out.once("drain", resolve)), failed]);
  };
  await write(heading(iso(systemClock.now(), "UTC")));
  let links = 0;
  let last = { sequence: 0, hash: "00".repeat(32) };
  for await (const link of books.links()) {
    await write(linkLine(link));
    links += 1;
    last = { sequence: link.sequence, hash: link.hash };
  }
  await write(closing(last));
  await Promise.race([new Promise<void>((resolve) => out.end(resolve)), failed]);
  return links;
}

function printReport({ links, head, headsCompared, waiting, findings, more, notes }: Report): string {
  const counts = `${links} links, head ${head.sequence} ${head.hash}; ${headsCompared} noted heads compared${waiting === null || waiting === 0 ? "" : `; ${waiting} rows wait for the sealer`}`;
  const [first, ...rest] = findings;
  const said = notes.map((note) => `note: ${note}`);
  if (first === undefined) return [`OK  ${counts}`, ...said].join("\n");
  const shown = rest.map((finding) => `     ${finding.say}`);
  return [
    `BROKEN  ${first.say}`,
    ...(shown.length === 0 ? [] : ["and also:", ...shown]),
    ...(more === 0 ? [] : [`     … and ${more} more`]),
    counts,
    ...said,
  ].join("\n");
}
