-- Times in which nobody is cut because somebody said so: bad weather, planned outages.
-- Why: a storm comes at night, and whoever is on duty must not have to edit a file and restart the gateway.

CREATE TABLE no_cuts (
  id         uuid PRIMARY KEY,
  kind       text NOT NULL CHECK (kind IN ('bad-weather', 'maintenance')),
  scope      text NOT NULL CHECK (scope = 'site' OR scope ~ '^(class|feeder|bus) .'),
  begins_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,     -- every one has an end
  reason     text NOT NULL,
  said_at    timestamptz NOT NULL,
  said_by    text NOT NULL,
  ended_at   timestamptz,              -- somebody ended it before
  ended_by   text,
  end_reason text,
  CONSTRAINT no_cuts_last CHECK (ends_at > begins_at),
  CONSTRAINT no_cuts_ended_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX no_cuts_open ON no_cuts (ends_at) WHERE ended_at IS NULL;

-- What was said stays as it was said; the one thing that may follow is that it was ended.
CREATE FUNCTION no_cuts_are_never_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
     OR (to_jsonb(NEW) - '{ended_at,ended_by,end_reason}'::text[]) <> (to_jsonb(OLD) - '{ended_at,ended_by,end_reason}'::text[]) THEN
    RAISE EXCEPTION 'a time in which nobody is cut is never edited or deleted; end it and say another';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER no_cuts_stand BEFORE UPDATE OR DELETE ON no_cuts FOR EACH ROW EXECUTE FUNCTION no_cuts_are_never_edited();

SELECT set_config('fee_control.actor', 'migration 0023-no-cuts', true);
SELECT fee_control_audit('no_cuts', 'nocut', '{id}');
