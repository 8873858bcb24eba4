/**
 * COPY over the connection of a transaction: many rows at the speed of the disk, with no more memory than a few pieces.
 *
 * The library lets a query of one's own speak on its connection (that is how its cursors are made); this is such a query, once for each
 * direction. What the server sends is held back while the taker is busy, and what we send waits for the socket.
 */
import { once } from "node:events";
import type { Writable } from "node:stream";
import type pg from "pg";

/** Rows come one by one; they are handed on in pieces of about this size. */
const PIECE_BYTES = 256 * 1024;
/** The library's timer for an answer cannot be left out, and a table takes as long as it takes. */
const NEVER_MS = 2_147_483_647;

/** What of the library's connection is used here. */
interface Connection {
  readonly stream: Writable & { pause(): void; resume(): void };
  query(text: string): void;
  sendCopyFromChunk(piece: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(why: string): void;
}

abstract class Copy implements pg.Submittable {
  readonly query_timeout = NEVER_MS;
  /** The library puts its own in our place, and ends its timer when it is called. */
  callback: (error: unknown) => void = () => undefined;
  /** The number of rows. */
  readonly done: Promise<number>;
  protected rows = 0;
  protected readonly settle: { resolve(rows: number): void; reject(error: unknown): void };
  readonly #sql: string;

  constructor(sql: string) {
    this.#sql = sql;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.done = promise;
    this.settle = { resolve, reject };
    promise.catch(() => undefined); // whoever asked hears of it by his own promise
  }

  submit(connection: unknown): void {
    (connection as Connection).query(this.#sql);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.rows = Number(text.split(" ")[1]);
  }

  handleError(error: unknown): void {
    this.settle.reject(error);
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.settle.resolve(this.rows);
    this.callback(null);
  }
}

/** `COPY … TO STDOUT`. What `take` throws ends the connection: nobody wants the rest of a table that cannot be kept. */
export class CopyOut extends Copy {
  readonly #take: (piece: Buffer) => Promise<void>;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #taken: Promise<void> = Promise.resolve();

  constructor(sql: string, take: (piece: Buffer) => Promise<void>) {
    super(sql);
    this.#take = take;
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }, connection: unknown): void {
    this.#waiting.push(Buffer.from(chunk)); // it lies in a buffer that the library uses again
    this.#bytes += chunk.length;
    if (this.#bytes < PIECE_BYTES) return;
    const { stream } = connection as Connection;
    stream.pause();
    this.#handOn();
    this.#taken.then(
      () => stream.resume(),
      (error: unknown) => stream.destroy(error as Error),
    );
  }

  override handleReadyForQuery(): void {
    this.#handOn();
    this.#taken.then(
      () => super.handleReadyForQuery(),
      (error: unknown) => this.handleError(error),
    );
  }

  #handOn(): void {
    const piece = Buffer.concat(this.#waiting, this.#bytes);
    this.#waiting = [];
    this.#bytes = 0;
    if (piece.length > 0) this.#taken = this.#taken.then(() => this.#take(piece));
  }
}

/** `COPY … FROM STDIN`. When the pieces fail to come, the server is told, and throws away what it has. */
export class CopyIn extends Copy {
  readonly #pieces: AsyncIterable<Buffer>;
  #failed: unknown;
  #over = false;

  constructor(sql: string, pieces: AsyncIterable<Buffer>) {
    super(sql);
    this.#pieces = pieces;
  }

  handleCopyInResponse(connection: unknown): void {
    void this.#send(connection as Connection);
  }

  async #send(connection: Connection): Promise<void> {
    try {
      for await (const piece of this.#pieces) {
        if (this.#over) return;
        connection.sendCopyFromChunk(piece);
        if (connection.stream.writableNeedDrain) await once(connection.stream, "drain");
      }
      if (!this.#over) connection.endCopyFrom();
    } catch (error) {
      this.#failed = error;
      if (!this.#over) connection.sendCopyFail("the rows did not come to their end");
    }
  }

  override handleError(error: unknown): void {
    this.#over = true;
    super.handleError(this.#failed ?? error);
  }
}
