/** Payments: taken once for ever by (channel, orderId). */
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Instant } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import { inHaste } from "../../kernel/haste.ts";
import { AccountId, PaymentId } from "../../kernel/ids.ts";
import { parseYuan } from "../../kernel/money.ts";
import { Secret } from "../../kernel/secret.ts";
import { isUnsent } from "../../commands/command.ts";
import type { PaymentOrder } from "../../commands/payment-service.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

/** A body that passed the door, as an order. */
export const orderOf = ({
  account,
  amount,
  channel,
  orderId,
  notAfter,
  token,
  invoice,
}: z.output<typeof shape.paymentBody>): PaymentOrder => ({
  account: AccountId(account),
  amount: parseYuan(amount),
  channel,
  orderId,
  ...deadlineOf(notAfter),
  ...(token === undefined ? {} : { token: new Secret(token) }),
  ...(invoice === undefined ? {} : { invoice }),
});

export const deadlineOf = (notAfter: string | undefined): { readonly notAfter?: Instant } =>
  notAfter === undefined ? {} : { notAfter: Instant(Date.parse(notAfter)) };

export function paymentRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  typed.post(
    "/v1/payments",
    {
      schema: {
        tags: ["payments"],
        summary: "Take a payment",
        headers: shape.writeHeaders,
        body: shape.paymentBody,
        response: {
          202: z.object({ payment: shape.payment, command: shape.command.nullable() }),
          400: shape.problem,
          404: shape.problem,
          409: shape.problem,
        },
      },
    },
    (request, reply) => {
      const order = orderOf(request.body);
      // Somebody may wait in the dark for it.
      return inHaste(() =>
        writeOnce(parts, request, reply, 202, async (tx) => {
          const { payment, command } = await parts.payments.take(tx, order);
          if (command === null) return { payment: views.payment(payment), command: null };
          // a repeated order may find its command long at work: a whole object tells what passed on the wire
          const attempts = isUnsent(command.state) ? [] : await parts.commandStore.attemptsOf(tx, [command.id]);
          return { payment: views.payment(payment), command: views.command(command, attempts) };
        }),
      );
    },
  );

  typed.post(
    "/v1/payments/:id/refund",
    {
      schema: {
        tags: ["payments"],
        summary: "Give a payment back",
        description:
          "Where its money is in a meter a command takes it back first, and the payout follows when the meter shows it; otherwise command is null and the payment is refunded.",
        params: shape.idParam,
        headers: shape.writeHeaders,
        body: shape.refundBody,
        response: {
          202: z.object({ payment: shape.payment, command: shape.command.nullable() }),
          404: shape.problem,
          409: shape.problem,
        },
      },
    },
    (request, reply) =>
      writeOnce(parts, request, reply, 202, async (tx) => {
        const wish = { reason: request.body.reason, actor: request.actor };
        const { payment, command } = await parts.refunds.refund(tx, PaymentId(request.params.id), wish);
        return { payment: views.payment(payment), command: command === null ? null : views.command(command) };
      }),
  );

  typed.get(
    "/v1/payments/:id",
    {
      schema: {
        tags: ["payments"],
        summary: "One payment, and what became of it",
        params: shape.idParam,
        response: { 200: shape.payment, 404: shape.problem },
      },
    },
    async (request) => {
      const payment = await parts.paymentStore.find(null, PaymentId(request.params.id));
      if (payment === null) throw new Fault("unknown-payment", { payment: request.params.id });
      return views.payment(payment);
    },
  );

  typed.get(
    "/v1/payments",
    {
      schema: {
        tags: ["payments"],
        summary: "Payments, newest first",
        querystring: shape.idPageQuery.extend({ account: z.string().optional() }),
        response: { 200: shape.pageOf(shape.payment) },
      },
    },
    async (request) => {
      const { limit, cursor, account } = request.query;
      const payments = await parts.paymentStore.list({
        limit,
        before: cursor === undefined ? null : PaymentId(cursor),
        account: account === undefined ? null : AccountId(account),
      });
      return {
        items: payments.map((payment) => views.payment(payment)),
        next: payments.length === limit ? payments.at(-1)!.id : null,
      };
    },
  );
}
