-- Since when an account has its tariff; null: since before this was kept, or for as long as there is the account.
-- Why: a tariff was overwritten without a date, and days on which a meter was silent before it changed were billed at the new one.

ALTER TABLE accounts ADD COLUMN tariff_since timestamptz;
