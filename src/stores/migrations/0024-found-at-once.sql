-- Ways to the decision behind a cut, and to what an account is billed by, without looking at everybody's.
-- Why: each cut that is examined read all decisions, and each meter whose billing begins read the bills of all meters.

CREATE INDEX decisions_by_command ON decisions (command) WHERE command IS NOT NULL;
CREATE INDEX billing_by_account ON billing (account);
