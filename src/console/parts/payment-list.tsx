/** The latest payments and what became of them. */
import { newestPayments } from "../street.ts";
import type { Picture } from "../street.ts";
import { moment, wholeMoment } from "../moments.ts";
import { useSpeech } from "../words/language.tsx";
import { StateChip } from "./state-chip.tsx";

const SHOWN_MAX = 12;

export function PaymentList({ picture }: { readonly picture: Picture }) {
  const { words } = useSpeech();
  const payments = newestPayments(picture).slice(0, SHOWN_MAX);
  const today = payments[0]?.createdAt ?? null;
  return (
    <section className="card payments" aria-labelledby="payments-title">
      <h2 id="payments-title">{words.payments}</h2>
      {payments.length === 0 && <p className="empty">{words.noPayments}</p>}
      <ol>
        {payments.map((payment) => (
          <li
            key={payment.id}
            data-testid="payment-row"
            data-payment={payment.id}
            data-state={payment.state}
            title={payment.orderId}
          >
            <time dateTime={payment.createdAt} title={wholeMoment(payment.createdAt)}>
              {moment(payment.createdAt, today)}
            </time>
            <span className="payment-who">
              {picture.accounts.get(payment.account)?.name ?? payment.account} <small>{payment.channel}</small>
            </span>
            <span className="payment-amount">{payment.amount}</span>
            <StateChip of="payment" state={payment.state} />
          </li>
        ))}
      </ol>
    </section>
  );
}
