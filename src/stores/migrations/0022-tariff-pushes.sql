-- A way to the commands of a push of a tariff, newest first, from the day it was begun on.
-- Why: whoever asks how far a push is had every command of every year read, once for each thousand of it.

CREATE INDEX tariff_pushes ON commands (id, created_at) WHERE kind = 'tariff-set';
