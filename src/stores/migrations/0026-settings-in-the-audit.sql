-- A way to what was noted of the site's settings, which is asked for at each start.
-- Why: where the server sorts by a language, no index finds the beginning of a name, and the whole audit was read: after months the start
-- took longer than a statement may, and failed.

CREATE INDEX audit_rows_of_settings ON audit_rows (subject, id) WHERE what IN ('config.changed', 'permission.changed');
