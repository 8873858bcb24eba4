/** Receipts, as they have to be kept: the bytes that were signed. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { CommandId, PaymentId } from "../../kernel/ids.ts";
import type { ApiParts } from "../books.ts";
import * as shape from "../schemas.ts";

const publicKey = z.object({ id: z.string(), pem: z.string() });
const keys = publicKey.extend({
  algorithm: z.literal("Ed25519"),
  older: z.array(publicKey).describe("keys of before: receipts signed with them stay valid"),
});

const signed = z
  .record(z.string(), z.unknown())
  .describe("the document with its signature, as bytes: keep them as they came; meterctl receipt verify reads them");

export function receiptRoutes(app: FastifyInstance, { audit: { receipts } }: Pick<ApiParts, "audit">): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const schema = { tags: ["receipts"], params: shape.idParam, response: { 200: signed, 404: shape.problem } };

  typed.get(
    "/v1/commands/:id/receipt",
    { schema: { ...schema, summary: "A signed receipt of a command" } },
    async (request, reply) => sendText(reply, await receipts.ofCommand(CommandId(request.params.id))),
  );

  typed.get(
    "/v1/payments/:id/receipt",
    { schema: { ...schema, summary: "A signed receipt of a payment" } },
    async (request, reply) => sendText(reply, await receipts.ofPayment(PaymentId(request.params.id))),
  );

  typed.get(
    "/v1/receipts/key",
    { schema: { tags: ["receipts"], summary: "The public keys of receipts", response: { 200: keys } } },
    () => ({
      algorithm: "Ed25519" as const,
      id: receipts.keys.current.id,
      pem: receipts.keys.current.pem,
      older: [...receipts.keys.older],
    }),
  );
}

/** Written anew it would be another document. */
const sendText = (reply: { type(type: string): { serializer(as: (text: unknown) => string): unknown } }, text: string): never => {
  reply.type("application/json").serializer((given) => given as string);
  return text as never; // what the handler answers is what the serializer gets
};
