-- Cuts that were wrong and restores that failed: one incident each, with since when, until when, energy, owner and compensation; and cuts that are looked at again.
-- Why: whoever sat in the dark for a mistake is found by the books and not by his complaint, has his supply first, and is asked after.

CREATE TABLE incidents (
  id                 uuid PRIMARY KEY,
  cause              text NOT NULL,
  also               text[] NOT NULL DEFAULT '{}',   -- further causes of the same dark hours
  class              text NOT NULL CHECK (class IN ('not-told', 'late', 'wrong-action', 'device')),
  meter              text NOT NULL REFERENCES meters,
  account            text REFERENCES accounts,
  model              text NOT NULL,
  bus                text NOT NULL,
  firmware           text,                           -- 04800001 and 04800002 as the meter tells them; null: it does not
  cut                uuid REFERENCES commands,       -- the order by which it went dark; null: none of ours
  dark_since         timestamptz NOT NULL,
  wished_at          timestamptz,                    -- since when supply is wanted back; null: it is not
  found_at           timestamptz NOT NULL,
  level              integer NOT NULL DEFAULT 0,     -- 0 found, 1 a work order, 2 and 3 escalated
  reason             text,                           -- why supply is not back, as it stands now
  restored_at        timestamptz,
  restored_by        uuid REFERENCES commands,
  ended_at           timestamptz,                    -- restored, or wanted no more
  energy_before      text,                           -- kWh as the meter showed them
  energy_after       text,
  compensation       text NOT NULL CHECK (compensation IN ('yes', 'no', 'paid')),
  compensation_note  text,
  compensation_by    text,
  follow_up_at       timestamptz,
  reminded_at        timestamptz,
  followed_up_at     timestamptz,
  followed_up_by     text,
  follow_up_note     text,
  exception          uuid REFERENCES exceptions,     -- the item of its owner, while there is one
  CHECK (restored_at IS NULL OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX one_open_incident_of_a_meter ON incidents (meter) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX one_incident_of_a_cut ON incidents (cut) WHERE cut IS NOT NULL;
CREATE INDEX incidents_by_time ON incidents (found_at);
CREATE INDEX incidents_to_follow_up ON incidents (follow_up_at) WHERE follow_up_at IS NOT NULL AND followed_up_at IS NULL;

-- What happened to it, step by step. Added to, never changed: counts of causes are counts of these.
CREATE TABLE incident_steps (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident  uuid NOT NULL REFERENCES incidents,
  at        timestamptz NOT NULL,
  what      text NOT NULL,
  made_by   text NOT NULL,
  note      text
);
CREATE INDEX incident_steps_by_incident ON incident_steps (incident, id);
CREATE FUNCTION incident_steps_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what happened to an incident is never changed or deleted';
END $$;
CREATE TRIGGER steps_append_only BEFORE UPDATE OR DELETE ON incident_steps FOR EACH ROW EXECUTE FUNCTION incident_steps_are_append_only();

-- Cuts whose bytes left: examined once, and their meters read again an hour and a day later, since behind an open relay no energy goes on.
CREATE TABLE watched_cuts (
  command    uuid PRIMARY KEY REFERENCES commands,
  meter      text NOT NULL REFERENCES meters,
  account    text REFERENCES accounts,
  by_rule    boolean NOT NULL,
  cut_at     timestamptz NOT NULL,
  register   text,                                   -- kWh at the cut, or the first that was read behind it
  marks      jsonb NOT NULL DEFAULT '[]',            -- what was read at each mark: {dueMs, kwh, at}
  ended_at   timestamptz,
  because    text
);
CREATE INDEX watched_cuts_open ON watched_cuts (cut_at) WHERE ended_at IS NULL;
CREATE INDEX watched_cuts_by_meter ON watched_cuts (meter, cut_at);

-- Protections that end by themselves are looked for every half minute.
CREATE INDEX commands_protections_with_end ON commands (meter) WHERE kind = 'protect' AND state = 'confirmed' AND params ? 'until';

SELECT set_config('fee_control.actor', 'migration 0017-recovery', true);
SELECT fee_control_audit('incidents', 'incident', '{id}');
