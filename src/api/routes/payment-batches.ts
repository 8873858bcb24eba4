/**
 * Many payments in one request: a counter's file of the evening, ten thousand at once. Every item is a payment of its own, taken or
 * refused by itself and idempotent by its (channel, orderId), so a batch that broke off is simply said again: what was taken is
 * answered as it was, the rest is taken now. `check` says beforehand what would be refused, and writes nothing.
 */
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Fault } from "../../kernel/faults.ts";
import type { Command } from "../../commands/command.ts";
import type { Payment } from "../../commands/command-store.ts";
import type { PaymentOrder } from "../../commands/payment-service.ts";
import type { ApiParts } from "../books.ts";
import { BATCH_BYTES_MAX, problemOfItem, sideBySide } from "../batches.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";
import { orderOf } from "./payments.ts";

const item = z.object({
  payment: shape.payment.nullable(),
  command: shape.command.nullable().describe("without what passed on the wire: GET /v1/commands/{id} has it"),
  problem: shape.problem.nullable(),
});
const answer = z.object({ items: z.array(item).describe("in the order of what was given") });
type Item = z.output<typeof item>;

export function paymentBatchRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const seen = (payment: Payment | null, command: Command | null): Item => ({
    payment: payment === null ? null : views.payment(payment),
    command: command === null ? null : views.command(command),
    problem: null,
  });

  typed.post(
    "/v1/payments/batch",
    {
      bodyLimit: BATCH_BYTES_MAX,
      schema: {
        tags: ["payments"],
        summary: "Take many payments, each by itself; or only check them",
        body: shape.batchBody,
        response: { 200: answer, 400: shape.problem },
      },
    },
    async (request) => {
      if (request.headers["idempotency-key"] !== undefined)
        throw new Fault("invalid-request", {
          field: "idempotency-key",
          problem: "a batch has none: each item is idempotent by its channel and orderId",
        });
      const { items, check } = request.body;
      const one = async (given: unknown): Promise<Item> => {
        try {
          const order = itemOf(given);
          if (check) return seen(await parts.payments.examine(order), null);
          const { payment, command } = await parts.transactor.transact((tx) => parts.payments.take(tx, order), {
            actor: request.actor,
          });
          return seen(payment, command);
        } catch (error) {
          return { payment: null, command: null, problem: problemOfItem(error) };
        }
      };
      return { items: await sideBySide(items, one) };
    },
  );

  typed.post(
    "/v1/payments/lookup",
    {
      bodyLimit: BATCH_BYTES_MAX,
      schema: {
        tags: ["payments"],
        summary: "What became of many payments, by channel and order id",
        body: shape.lookupBody,
        response: { 200: answer, 400: shape.problem },
      },
    },
    async (request) => {
      const { orders } = request.body;
      const payments = await parts.paymentStore.byOrders(orders);
      const byOrder = new Map(payments.map((payment) => [keyOf(payment), payment]));
      const ids = payments.flatMap(({ command }) => (command === null ? [] : [command]));
      const commands = new Map((await parts.commandStore.findAll(ids)).map((command) => [command.id, command]));
      const items = orders.map((order) => {
        const payment = byOrder.get(keyOf(order)) ?? null;
        const command = payment?.command ?? null;
        return seen(payment, command === null ? null : (commands.get(command) ?? null));
      });
      return { items };
    },
  );
}

const keyOf = ({ channel, orderId }: { readonly channel: string; readonly orderId: string }): string => `${channel} ${orderId}`;

function itemOf(given: unknown): PaymentOrder {
  const body = shape.paymentBody.safeParse(given);
  if (!body.success) {
    const [first] = body.error.issues;
    throw new Fault("invalid-request", { field: first?.path.join(".") ?? "", problem: first?.message ?? "" });
  }
  return orderOf(body.data);
}
