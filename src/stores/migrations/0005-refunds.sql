-- Money that goes back: out of a meter's wallet into the account, and out of the account to whoever paid.
-- Why: a refund is an entry of its own and never the undoing of another, and a payment knows the one command that takes it back.

ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_kind_check;
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_kind_check
  CHECK (kind IN ('payment', 'hold', 'settle', 'release', 'charge', 'correction', 'refund', 'payout'));

-- The newest command that takes this payment back out of a meter; null: none was asked for.
ALTER TABLE payments ADD COLUMN refund uuid;

SELECT set_config('fee_control.actor', 'migration 0005-refunds', true);
SELECT fee_control_audit('payments', 'payment', '{id}'); -- said again, because a column came
