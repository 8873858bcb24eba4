/**
 * Same key, same answer: the key's row, the effect and the stored answer are one transaction. Work that is many transactions keeps with
 * the key what its parts are known by, before the first; the answer when the last has ended.
 */
import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Transaction } from "../kernel/transaction.ts";
import type { ApiParts } from "./books.ts";

/** Of a typed route's reply only this is needed, whatever its schema says. */
interface Reply {
  status(code: number): { send(body: unknown): unknown };
}

type Parts = Pick<ApiParts, "transactor" | "idempotency">;

const fingerprintOf = (request: FastifyRequest): string =>
  createHash("sha256")
    .update(JSON.stringify([request.method, request.url, request.body ?? null]))
    .digest("hex");

function keyOf(request: FastifyRequest): string | undefined {
  const header = request.headers["idempotency-key"];
  return Array.isArray(header) ? header[0] : header;
}

/** Runs a write once per Idempotency-Key, or simply once when there is none; answers with the status given. */
export async function writeOnce(
  parts: Parts,
  request: FastifyRequest,
  reply: Reply,
  status: number,
  work: (tx: Transaction) => Promise<unknown>,
): Promise<never> {
  const key = keyOf(request);
  const answer = await parts.transactor.transact(
    async (tx) => {
      if (key !== undefined) {
        const stored = await parts.idempotency.claim(tx, key, fingerprintOf(request));
        if (stored !== null) return stored;
      }
      const fresh = { status, body: await work(tx) };
      if (key !== undefined) await parts.idempotency.keep(tx, key, fresh);
      return fresh;
    },
    { actor: request.actor },
  );
  return reply.status(answer.status).send(answer.body) as never; // the reply is sent; there is no value besides it
}

/** Of a key whose work has begun and has no answer yet: no HTTP status. */
const UNFINISHED = 0;

/**
 * Runs work of many transactions. A repeat of its key gets the answer that was kept; where there is none, since the first died or is
 * still at it, it does the work under the same mark, and whoever does it has to find what was done under that mark.
 */
export async function writeInParts<Mark>(
  parts: Parts,
  request: FastifyRequest,
  reply: Reply,
  status: number,
  { mark, work }: { readonly mark: () => Mark; readonly work: (mark: Mark) => Promise<unknown> },
): Promise<never> {
  const key = keyOf(request);
  const { transactor, idempotency } = parts;
  const answerWith = (body: unknown): never => reply.status(status).send(body) as never;
  if (key === undefined) return answerWith(await work(mark()));
  const keeping = <T>(each: (tx: Transaction) => Promise<T>): Promise<T> => transactor.transact(each, { actor: request.actor });
  const begun = await keeping(async (tx) => {
    const stored = await idempotency.claim(tx, key, fingerprintOf(request));
    if (stored !== null) return stored;
    const fresh = { status: UNFINISHED, body: mark() };
    await idempotency.keep(tx, key, fresh);
    return fresh;
  });
  if (begun.status !== UNFINISHED) return answerWith(begun.body);
  const body = await work(begun.body as Mark);
  return answerWith(
    await keeping(async (tx) => {
      const stored = await idempotency.claim(tx, key, fingerprintOf(request));
      if (stored !== null && stored.status !== UNFINISHED) return stored.body; // a twin was first
      await idempotency.keep(tx, key, { status, body });
      return body;
    }),
  );
}
