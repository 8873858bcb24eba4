-- Books that were brought back from a backup, and what of them is not believed until the meters were looked at.
-- Why: between the backup and its return meters were credited that these books know nothing of; what looks unsent may have been obeyed.

CREATE TABLE restores (
  id        uuid PRIMARY KEY,
  at        timestamptz NOT NULL,        -- when the books came back
  taken_at  timestamptz NOT NULL,        -- the moment they are of
  site      text NOT NULL,
  gateway   text NOT NULL,               -- which program had written the backup
  sha256    text NOT NULL                -- the closing sum of its file
);

-- What was open then and changes a meter. It may have been obeyed since, and ended, in books that are gone.
CREATE TABLE restored_commands (
  command  uuid PRIMARY KEY REFERENCES commands,
  restore  uuid NOT NULL REFERENCES restores
);

-- What these books knew of each meter when they came back. The first credit after that looks whether the meter still stands there.
CREATE TABLE restored_meters (
  meter       text PRIMARY KEY REFERENCES meters,
  restore     uuid NOT NULL REFERENCES restores,
  count       integer,                   -- purchase count; null: never seen
  settled     integer NOT NULL,          -- purchases that the meter itself had proved by then
  cleared_at  timestamptz                -- count and books were found to agree, or a person explained why they do not
);

SELECT set_config('fee_control.actor', 'migration 0007-restores', true);
SELECT fee_control_audit('restores', 'restore', '{id}');
SELECT fee_control_audit('restored_commands', 'restored', '{command}');
SELECT fee_control_audit('restored_meters', 'doubt', '{meter}');
