/**
 * The way to a PostgreSQL that breaks where one wants it to: all at once, or in the connection that carries a certain word, between two
 * statements or around its COMMIT. Values of statements pass here as they are, so an order id in them names its transaction.
 */
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";

export type Cut =
  /** Directly after the statement that carries the word: the transaction is left in the middle. */
  | "between-statements"
  /** COMMIT does not get there. */
  | "before-commit"
  /** COMMIT is done, and its answer does not come back. */
  | "after-commit";

export interface CuttingProxy {
  readonly port: number;
  /** The same address, through this door. */
  via(connectionString: string): string;
  /** Once, in the next connection that carries the word. */
  cut(where: Cut, word: string): void;
  /** How many cuts were made where they were wanted. */
  readonly cuts: number;
  dropAll(): void;
  close(): Promise<void>;
}

const COMMIT = Buffer.from("COMMIT\0");

export async function cuttingProxy(port: number): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let wanted: { readonly where: Cut; readonly word: Buffer } | null = null;
  let cuts = 0;

  const server = createServer((client) => {
    const behind = createConnection({ port, host: "127.0.0.1" });
    const pair = [client, behind] as const;
    pairs.add(pair);
    let carries = false;
    let isLastAnswer = false;
    const drop = (): void => {
      pairs.delete(pair);
      client.destroy();
      behind.destroy();
    };
    const cut = (): void => {
      wanted = null;
      cuts += 1;
      drop();
    };
    for (const socket of pair) socket.setNoDelay(true).on("error", drop).on("close", drop);
    client.on("data", (chunk) => {
      if (wanted !== null && chunk.includes(wanted.word)) carries = true;
      if (wanted === null || !carries) behind.write(chunk);
      else if (wanted.where === "between-statements") behind.write(chunk, () => setImmediate(cut));
      else if (!chunk.includes(COMMIT)) behind.write(chunk);
      else if (wanted.where === "before-commit") cut();
      else {
        isLastAnswer = true;
        behind.write(chunk);
      }
    });
    behind.on("data", (chunk) => (isLastAnswer ? cut() : client.write(chunk)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own = (server.address() as AddressInfo).port;

  const dropAll = (): void => {
    for (const [client, behind] of pairs) {
      client.destroy();
      behind.destroy();
    }
  };
  return {
    port: own,
    via(connectionString) {
      const url = new URL(connectionString);
      url.port = String(own);
      return url.href;
    },
    cut(where, word) {
      wanted = { where, word: Buffer.from(word) };
    },
    get cuts() {
      return cuts;
    },
    dropAll,
    async close() {
      dropAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
