-- Ways to go on with a long list of cuts without looking at all of it, and to count what left without counting what is not counted.
-- Why: each turn of a list of forty thousand read forty thousand rows, and so did each cut of it in the moment before its bytes.

CREATE INDEX cut_members_waiting ON cut_members (batch, place) WHERE state = 'waiting';
CREATE INDEX cut_members_canary ON cut_members (batch) WHERE is_canary;
-- of lists that raised the brake nobody counts how many left
CREATE INDEX cuts_left_counted ON cuts_left (at) WHERE NOT raised;
-- the newest ends of automatic cuts: how many failed in a row
CREATE INDEX automatic_cuts_ended ON commands (ended_at, id) WHERE kind = 'disconnect' AND asked_by = 'rule' AND ended_at IS NOT NULL;
