/**
 * The file of a backup: gzip around lines that say what comes and the rows as PostgreSQL's COPY writes them as text.
 *
 *     {"format":"fee-control-backup/1", site, takenAt, gateway, schema …}        the manifest: what it is of
 *     {"table":"accounts","columns":[…]}                                        parents before children
 *     <bytes>\n<that many bytes of rows> … 0\n
 *     {"closing":{"tables":[{table, rows, bytes, sha256}…],"sha256":"…"}}        the sum of all that stands before it
 *
 * It has its name only when it is whole and on disk; before that it has another. Text, so that a later PostgreSQL reads it, and so that
 * somebody with `zcat` can see what is in it when nothing else is left.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { link, open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { createGunzip, createGzip, type Gzip } from "node:zlib";
import { Fault, isFault, reasonOf } from "../../kernel/faults.ts";
import type { Applied } from "../migrate.ts";

export const FORMAT = "fee-control-backup/1";
/** Rows are half repetition; more effort halves the speed and saves a tenth. */
const GZIP_LEVEL = 4;
const OURS_ALONE = 0o600;
const LINE_BYTES_MAX = 1_000_000;

export interface Manifest {
  readonly format: typeof FORMAT;
  /** Of the site file; where none was named, the name of the database. */
  readonly site: string;
  readonly takenAt: string;
  readonly gateway: string;
  readonly server: string;
  readonly schema: readonly Applied[];
  /** Where the audit's chain ended then: who has this file has a noted head. */
  readonly auditHead: { readonly sequence: number; readonly hash: string } | null;
  /** The first moments of the months in which readings lay, so that they come back into such. Left out: of before there were months. */
  readonly months?: readonly string[];
}

export interface TableSum {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Closing {
  readonly tables: readonly TableSum[];
  readonly sha256: string;
}

export class BackupWriter {
  readonly #file: string;
  readonly #draft: string;
  readonly #handle: FileHandle;
  readonly #gzip: Gzip = createGzip({ level: GZIP_LEVEL });
  readonly #written: Promise<void>;
  readonly #all = createHash("sha256");
  readonly #tables: TableSum[] = [];

  private constructor(file: string, draft: string, handle: FileHandle) {
    this.#file = file;
    this.#draft = draft;
    this.#handle = handle;
    this.#gzip.on("error", () => undefined); // what went wrong is told by `written`
    this.#written = this.#writeOut();
    this.#written.catch(() => undefined); // whoever writes next hears of it
  }

  static async begin(file: string, draft: string, manifest: Manifest): Promise<BackupWriter> {
    const writer = new BackupWriter(file, draft, await open(draft, "wx", OURS_ALONE));
    await writer.#line(manifest);
    return writer;
  }

  /** One table: `rows` hands over its pieces and answers how many rows there were. */
  async table(
    table: string,
    columns: readonly string[],
    rows: (take: (piece: Buffer) => Promise<void>) => Promise<number>,
  ): Promise<TableSum> {
    await this.#line({ table, columns });
    const sum = createHash("sha256");
    let bytes = 0;
    const count = await rows(async (piece) => {
      sum.update(piece);
      bytes += piece.length;
      await this.#put(Buffer.from(`${piece.length}\n`));
      await this.#put(piece);
    });
    await this.#put(Buffer.from("0\n"));
    const told = { table, columns, rows: count, bytes, sha256: sum.digest("hex") };
    this.#tables.push(told);
    return told;
  }

  /** On disk, under its name, whole. Never over a file that is there already. */
  async end(): Promise<Closing & { readonly fileBytes: number }> {
    const closing: Closing = { tables: this.#tables, sha256: this.#all.copy().digest("hex") };
    await this.#line({ closing });
    this.#gzip.end();
    await this.#written;
    await this.#handle.sync();
    const { size } = await this.#handle.stat();
    await this.#handle.close();
    await this.#takeName();
    await syncFolder(dirname(this.#file));
    return { ...closing, fileBytes: size };
  }

  /** A link refuses to take another's place, which a rename does not; where a disk knows no links, the look at the start has to do. */
  async #takeName(): Promise<void> {
    try {
      await link(this.#draft, this.#file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") throw new Fault("file-exists", { file: this.#file });
      await rename(this.#draft, this.#file);
      return;
    }
    await rm(this.#draft);
  }

  /** After trouble: nothing stays that could be taken for a backup. */
  async abandon(): Promise<void> {
    this.#gzip.destroy();
    await this.#written.catch(() => undefined);
    await this.#handle.close().catch(() => undefined);
    await rm(this.#draft, { force: true });
  }

  async #writeOut(): Promise<void> {
    for await (const piece of this.#gzip as AsyncIterable<Buffer>) await this.#handle.writeFile(piece);
  }

  #line(value: unknown): Promise<void> {
    return this.#put(Buffer.from(`${JSON.stringify(value)}\n`));
  }

  async #put(bytes: Buffer): Promise<void> {
    this.#all.update(bytes);
    if (this.#gzip.destroyed) await this.#written; // the disk is full: says so
    if (!this.#gzip.write(bytes))
      await Promise.race([
        once(this.#gzip, "drain"),
        this.#written.then(() => {
          throw new Error("the file was closed while it was written");
        }),
      ]);
  }
}

/** The name itself has to reach the disk as well; where folders cannot be opened, the system sees to it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** What somebody who reads a backup is told, in this order. A table's pieces may be left unread. */
export interface BackupReader {
  manifest?(manifest: Manifest): Promise<void> | void;
  table?(table: string, columns: readonly string[], pieces: AsyncGenerator<Buffer>): Promise<void>;
  /** Bytes of the file that were read, out of all. */
  progress?(done: number, of: number): void;
}

/** Reads a backup from its first byte to its last, and throws `backup-broken` wherever it is not what was written. */
export async function readBackup(
  file: string,
  reader: BackupReader = {},
): Promise<{ readonly manifest: Manifest; readonly closing: Closing }> {
  const broken = (why: string, cause?: unknown): Fault => new Fault("backup-broken", { file, why }, { cause });
  const { size } = await stat(file).catch((error: unknown) => {
    throw broken(reasonOf(error), error);
  });
  const raw = createReadStream(file);
  raw.on("data", () => reader.progress?.(raw.bytesRead, size));
  const bytes = new ByteSource(raw.pipe(createGunzip()).on("error", () => raw.destroy()));
  raw.on("error", (error) => bytes.fail(error));
  try {
    return await readLines(bytes, reader, broken);
  } catch (error) {
    if (error instanceof SourceTrouble) throw broken(error.message, error);
    throw error;
  } finally {
    raw.destroy();
  }
}

async function readLines(
  bytes: ByteSource,
  reader: BackupReader,
  broken: (why: string) => Fault,
): Promise<{ manifest: Manifest; closing: Closing }> {
  const first = jsonOf(await bytes.line(), broken) as Partial<Record<keyof Manifest, unknown>>;
  if (first.format !== FORMAT) throw broken(`it is no backup of this program: its first line does not say ${FORMAT}`);
  const manifest = first as Manifest;
  await reader.manifest?.(manifest);
  const seen: TableSum[] = [];
  for (;;) {
    const before = bytes.sum();
    const next = jsonOf(await bytes.line(), broken) as { table?: string; columns?: readonly string[]; closing?: Closing };
    if (next.closing !== undefined) {
      const { closing } = next;
      if (closing.sha256 !== before)
        throw broken("its closing sum is not the sum of what stands in it: it was changed or damaged");
      const sums = (tables: readonly TableSum[]): string =>
        JSON.stringify(tables.map(({ table, bytes: length, sha256 }) => [table, length, sha256]));
      if (sums(closing.tables) !== sums(seen)) throw broken("its tables are not those that its last line names");
      await bytes.mustEnd();
      return { manifest, closing };
    }
    const { table, columns } = next;
    if (table === undefined || columns === undefined) throw broken("a line stands where a table should begin");
    const sum = createHash("sha256");
    let length = 0;
    const pieces = piecesOf(bytes, broken, (piece) => {
      sum.update(piece);
      length += piece.length;
    });
    await reader.table?.(table, columns, pieces);
    while ((await pieces.next()).done !== true); // what the reader did not want is read all the same
    seen.push({ table, columns, rows: 0, bytes: length, sha256: sum.digest("hex") });
  }
}

async function* piecesOf(
  bytes: ByteSource,
  broken: (why: string) => Fault,
  saw: (piece: Buffer) => void,
): AsyncGenerator<Buffer> {
  for (;;) {
    const length = Number(await bytes.line());
    if (!Number.isSafeInteger(length) || length < 0) throw broken("rows stand where their length should be told");
    if (length === 0) return;
    const piece = await bytes.take(length);
    saw(piece);
    yield piece;
  }
}

function jsonOf(line: string, broken: (why: string) => Fault): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw broken("a line of it cannot be read");
  }
}

/** The file ended too soon, or is no gzip. */
class SourceTrouble extends Error {}

/** Bytes of a stream, by the line or by the number; and the sum of all that was handed out. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #sum = createHash("sha256");
  #held: Buffer = Buffer.alloc(0);
  #failed: Error | undefined;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  fail(error: Error): void {
    this.#failed = error;
  }

  sum(): string {
    return this.#sum.copy().digest("hex");
  }

  async line(): Promise<string> {
    for (let from = 0; ;) {
      const end = this.#held.indexOf(0x0a, from);
      if (end >= 0)
        return this.#cut(end + 1)
          .subarray(0, end)
          .toString();
      from = this.#held.length;
      if (from > LINE_BYTES_MAX || !(await this.#more())) throw new SourceTrouble("it ends in the middle: it was cut short");
    }
  }

  async take(length: number): Promise<Buffer> {
    while (this.#held.length < length)
      if (!(await this.#more())) throw new SourceTrouble("it ends in the middle of its rows: it was cut short");
    return this.#cut(length);
  }

  async mustEnd(): Promise<void> {
    if (this.#held.length > 0 || (await this.#more())) throw new SourceTrouble("something stands behind its last line");
  }

  #cut(length: number): Buffer {
    const piece = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    this.#sum.update(piece);
    return piece;
  }

  async #more(): Promise<boolean> {
    let next: IteratorResult<Buffer>;
    try {
      next = await this.#chunks.next();
    } catch (error) {
      const why = this.#failed ?? error;
      throw isFault(why) ? why : new SourceTrouble(`it cannot be read to its end: ${reasonOf(why)}`);
    }
    if (next.done === true) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }
}
