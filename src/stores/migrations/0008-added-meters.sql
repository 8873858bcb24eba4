-- Meters that came by the door or from a table, beside those of the site file.
-- Why: a street of ten thousand is not typed into a file, and a start must not take away what the file does not name.

ALTER TABLE meters ADD COLUMN added_by text; -- the key with which it was added; null: it stands in the site file

SELECT set_config('fee_control.actor', 'migration 0008-added-meters', true);
SELECT fee_control_audit('meters', 'meter', '{address}', '{relay_word,relay_at,identity_at}');
