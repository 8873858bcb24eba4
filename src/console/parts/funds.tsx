/**
 * What there is to spend: the balance the meter holds, or what is available in the ledger for accounts without a wallet in
 * the meter. Overdraft is shown instead of a balance of nothing, because that is what the customer owes.
 */
import type { Account, Meter } from "../shapes.ts";
import { wholeMoment } from "../moments.ts";
import { useSpeech } from "../words/language.tsx";

/** Below this many yuan a number turns amber; the rules have limits of their own. */
const LOW_YUAN = 10;

/** Models whose money is in the ledger; the gateway takes it from their profiles. */
const WITHOUT_WALLET: ReadonlySet<string> = new Set(["remote-ledger", "breaker-645"]);

const isNothing = (amount: string | null | undefined): boolean => amount === null || amount === undefined || Number(amount) === 0;

function levelOf(amount: string): string {
  const yuan = Number(amount);
  return yuan <= 0 ? "funds-none" : yuan < LOW_YUAN ? "funds-low" : "funds-fine";
}

export function Funds({ meter, account }: { readonly meter: Meter; readonly account: Account | undefined }) {
  const { words } = useSpeech();
  const isWallet = !WITHOUT_WALLET.has(meter.model);
  const { balance, overdraft } = meter.readings;
  const owes = isWallet && !isNothing(overdraft?.value);
  const amount = !isWallet ? (account?.available ?? null) : owes ? `-${overdraft?.value ?? ""}` : (balance?.value ?? null);
  const takenAt = isWallet ? balance?.takenAt : undefined;
  const held = account?.held;
  return (
    <>
      {amount === null ? (
        <span className="funds unseen">{words.notRead}</span>
      ) : (
        <span
          className={`funds ${levelOf(amount)}`}
          title={takenAt === undefined ? undefined : `${words.takenAt} ${wholeMoment(takenAt)}`}
          data-testid="meter-funds"
        >
          {amount}
        </span>
      )}
      <small>
        {amount === null ? null : !isWallet ? words.available : owes ? words.overdraft : words.balance}
        {!isNothing(held) && (
          <span className="held">
            {amount !== null && " · "}
            {words.held} {held}
          </span>
        )}
      </small>
    </>
  );
}
