/** Same key, same answer: the key's row, the effect and the stored answer are one transaction. */
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

/** Runs a write once per Idempotency-Key, or simply once when there is none; answers with the status given. */
export async function writeOnce(
  parts: Parts,
  request: FastifyRequest,
  reply: Reply,
  status: number,
  work: (tx: Transaction) => Promise<unknown>,
): Promise<never> {
  const header = request.headers["idempotency-key"];
  const key = Array.isArray(header) ? header[0] : header;
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
