-- Since when an account has its tariff; null: since before this was kept, or for as long as there is the account.
-- Why: a tariff was overwritten without a date, and days on which a meter was silent before it changed were billed at the new one.

ALTER TABLE accounts ADD COLUMN tariff_since timestamptz;

-- Said again, because a column came.
SELECT set_config('fee_control.actor', 'migration 0025-tariff-since', true);
SELECT fee_control_audit('accounts', 'account', '{account}');
