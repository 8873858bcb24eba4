/**
 * The sheets of the indicators as SQL, a table: what is selected for a span, and with which parameters. Columns bear the names of the room's
 * own table (../indicators/sheets.ts). Raw rows and rows counted together come from the same text, so they cannot differ.
 */
import { cutKinds, restoreKinds, warningStages, type PlainSheet, type Span } from "../indicators/indicator-store.ts";
import { at } from "./database.ts";

interface SheetSql {
  readonly sql: string;
  readonly params: (span: Span) => readonly unknown[];
}

const listed = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(", ");
const CUTS = listed(cutKinds);
const RESTORES = listed(restoreKinds);
const RELAY = listed([...cutKinds, ...restoreKinds]);
const WARNINGS = listed(warningStages);

const METER = "m.address AS meter, a.class, m.bus, m.model";
const ORDER = "c.id::text AS command, c.kind";
/** Class and line are those of now; of a command, of the account it was for. */
const OF_COMMAND = "JOIN meters m ON m.address = c.meter LEFT JOIN accounts a ON a.account = coalesce(c.account, m.account)";
const OF_METER = "LEFT JOIN accounts a ON a.account = m.account";

/** The first byte; of what is or was disputed although the books say that none left, its acceptance. What a person took back was never sent. */
const BEGAN = `LATERAL (SELECT coalesce((SELECT min(t.at) FROM attempts t WHERE t.command = c.id), c.sent_at,
    CASE WHEN c.state = 'disputed' OR (c.because = 'person' AND c.state <> 'cancelled') THEN c.created_at END) AS at) began`;

/** A verified order of these kinds on the meter, the first from a moment on. */
export const firstVerified = (kinds: string, after: string): string =>
  `(SELECT min(r.verified_at) FROM commands r WHERE r.meter = m.address AND r.state = 'confirmed' AND r.kind IN (${kinds}) AND r.verified_at ${after})`;

const inSpan = ({ from, until }: Span): readonly unknown[] => [at(from), at(until)];

export const sheetSql: Readonly<Record<PlainSheet, SheetSql>> = {
  midnights: {
    sql: `SELECT d.day, ${METER}, d.state, d.how, d.come_at,
                 CASE WHEN d.come_at < (d.day + 1)::timestamp AT TIME ZONE $3 THEN 'yes' ELSE 'no' END AS same_day
            FROM collection_days d JOIN meters m ON m.address = d.meter ${OF_METER} WHERE d.day BETWEEN $1 AND $2`,
    params: ({ fromDay, toDay, timeZone }) => [fromDay, toDay, timeZone],
  },
  "relay-orders": {
    sql: `SELECT ${ORDER}, c.asked_by, ${METER}, c.state, c.because,
                 c.created_at AS asked_at, c.sent_at, c.acknowledged_at, c.verified_at, c.ended_at
            FROM commands c ${OF_COMMAND} WHERE c.kind IN (${RELAY}) AND c.created_at >= $1 AND c.created_at < $2`,
    params: inSpan,
  },
  "payments-while-cut": {
    sql: `SELECT p.id::text AS payment, ${METER}, cut.asked_by AS cut_by, cut.verified_at AS cut_at, p.created_at AS paid_at,
                 (SELECT min(r.created_at) FROM commands r
                   WHERE r.meter = m.address AND r.kind IN (${RESTORES}) AND r.created_at >= p.created_at
                     AND r.created_at < coalesce(next.at, 'infinity') AND r.created_at < coalesce(recut.at, 'infinity')) AS restore_asked_at,
                 (SELECT min(r.verified_at) FROM commands r
                   WHERE r.meter = m.address AND r.state = 'confirmed' AND r.kind IN (${RESTORES})
                     AND r.verified_at >= p.created_at AND r.verified_at < coalesce(recut.at, 'infinity')) AS powered_at,
                 $3::timestamptz AS as_of
            FROM payments p JOIN accounts a ON a.account = p.account JOIN meters m ON m.account = p.account AND m.active
            JOIN LATERAL (SELECT r.kind, CASE r.asked_by WHEN 'person' THEN 'person' ELSE 'rule' END AS asked_by, r.verified_at FROM commands r
                           WHERE r.meter = m.address AND r.state = 'confirmed' AND r.kind IN (${RELAY}) AND r.verified_at <= p.created_at
                           ORDER BY r.verified_at DESC LIMIT 1) cut ON cut.kind IN (${CUTS})
            LEFT JOIN LATERAL (SELECT min(n.created_at) AS at FROM payments n
                                WHERE n.account = p.account AND n.created_at > p.created_at) next ON true
            LEFT JOIN LATERAL (SELECT ${firstVerified(CUTS, "> p.created_at")} AS at) recut ON true
           WHERE p.created_at >= $1 AND p.created_at < $2`,
    params: (span) => [...inSpan(span), at(span.asOf)],
  },
  warnings: {
    sql: `SELECT ${METER}, d.stage, d.at AS warned_at,
                 (SELECT min(p.created_at) FROM payments p WHERE p.account = d.account AND p.created_at > d.at) AS paid_at,
                 ${firstVerified(CUTS, "> d.at")} AS cut_at, $3::timestamptz AS as_of
            FROM decisions d JOIN meters m ON m.address = d.meter JOIN accounts a ON a.account = d.account
           WHERE d.at >= $1 AND d.at < $2 AND d.stage IN (${WARNINGS})
             AND coalesce((SELECT b.stage FROM decisions b WHERE b.account = d.account AND b.id < d.id ORDER BY b.id DESC LIMIT 1), '')
                 NOT IN (${WARNINGS})`,
    params: (span) => [...inSpan(span), at(span.asOf)],
  },
  unverified: {
    sql: `SELECT ${ORDER}, c.effect, ${METER}, c.state, began.at AS sent_at, $1::timestamptz AS as_of
            FROM commands c ${OF_COMMAND} CROSS JOIN ${BEGAN}
           WHERE (c.ended_at IS NULL OR c.state = 'disputed') AND c.effect <> 'reads' AND began.at IS NOT NULL`,
    params: ({ asOf }) => [at(asOf)],
  },
  "unverified-at-day-end": {
    // first what stood open at some midnight, then when its first byte left: one is cheap to tell of all, the other of few
    sql: `SELECT e.day, e.day_end, ${ORDER}, c.effect, ${METER}, c.state, began.at AS sent_at, c.ended_at
            FROM (SELECT * FROM commands
                   WHERE effect <> 'reads' AND created_at < $4
                     AND (ended_at IS NULL OR state = 'disputed' OR ended_at > $3)
                     AND (ended_at IS NULL OR state = 'disputed' OR (created_at AT TIME ZONE $5)::date < (ended_at AT TIME ZONE $5)::date)) c
            JOIN unnest($1::text[], $2::timestamptz[]) AS e(day, day_end)
              ON c.created_at <= e.day_end AND (c.ended_at IS NULL OR c.state = 'disputed' OR c.ended_at > e.day_end)
            ${OF_COMMAND} CROSS JOIN ${BEGAN}
           WHERE began.at <= e.day_end`,
    params: ({ dayEnds, timeZone }) => [
      dayEnds.map(({ day }) => day),
      dayEnds.map(({ end }) => at(end)),
      ...[at(dayEnds[0]!.end), at(dayEnds.at(-1)!.end), timeZone],
    ],
  },
  "refused-macs": {
    sql: `SELECT ${ORDER}, t.number AS attempt, ${METER}, ((t.at AT TIME ZONE $3)::date)::text AS day, t.at,
                 substring(t.outcome FROM '^refused: ([a-z-]+)') AS fault
            FROM attempts t JOIN commands c ON c.id = t.command ${OF_COMMAND}
           WHERE t.at >= $1 AND t.at < $2 AND t.outcome ~ '^refused: (mac-refused|security-suspended)'`,
    params: (span) => [...inSpan(span), span.timeZone],
  },
  clocks: {
    sql: `SELECT ${METER}, k.at, k.ahead_ms, ceil(abs(k.ahead_ms) / 1000.0)::int AS off_s
            FROM meter_clocks k JOIN meters m ON m.address = k.meter ${OF_METER} WHERE k.at >= $1 AND k.at < $2`,
    params: inSpan,
  },
  meters: {
    sql: `SELECT ${METER}, m.identity, $1::timestamptz AS as_of FROM meters m ${OF_METER} WHERE m.active`,
    params: ({ asOf }) => [at(asOf)],
  },
};

/** Each verified cut by a rule, with what the books hold of the moment in which its bytes left. */
export const CUTS_SQL = `
  SELECT c.id::text AS command, ${METER}, sent.at AS sent_at, c.verified_at AS cut_at, restored.at AS restored_at,
         coalesce((SELECT sum(l.amount) FROM ledger_legs l JOIN ledger_entries e ON e.id = l.entry
                    WHERE l.book = 'available/' || a.account AND e.at <= sent.at), 0)::bigint AS available,
         d.facts ->> 'cutBelow' AS cut_below,
         (SELECT s.rules FROM strategies s WHERE s.version = d.strategy ORDER BY s.id DESC LIMIT 1) AS rules,
         (SELECT min(x.kind) FROM exemptions x
           WHERE x.account = a.account AND x.begins_at <= sent.at AND x.ends_at > sent.at AND coalesce(x.ended_at, 'infinity') > sent.at) AS exemption,
         (SELECT max(n.delivered) FROM notices n
           WHERE n.account = a.account AND n.stage = 'notice-due' AND n.delivered <= sent.at
             AND n.at > coalesce((SELECT max(p.created_at) FROM payments p WHERE p.account = a.account AND p.created_at <= sent.at), '-infinity')
         ) AS notice_delivered_at,
         (SELECT r.value FROM readings r
           WHERE r.meter = c.meter AND r.item = 'importedEnergy' AND r.suspect IS NULL AND r.value IS NOT NULL AND r.taken_at <= sent.at
           ORDER BY r.taken_at DESC, r.id DESC LIMIT 1) AS register_then,
         (SELECT min(n.register) FROM reading_entries n
           WHERE n.meter = c.meter AND n.kind = 'correct' AND n.at > sent.at
             AND NOT EXISTS (SELECT 1 FROM reading_entries b
                              WHERE b.meter = c.meter AND b.kind = 'rebase' AND b.at > sent.at AND b.at <= n.at)) AS taken_back_to,
         found.contradicted_at, found.quarantined_at
    FROM commands c ${OF_COMMAND}
   CROSS JOIN LATERAL (SELECT coalesce(c.sent_at, c.verified_at) AS at) sent
   CROSS JOIN LATERAL (SELECT ${firstVerified(RESTORES, "> c.verified_at")} AS at) restored
    LEFT JOIN LATERAL (SELECT strategy, facts FROM decisions WHERE account = a.account AND command = c.id ORDER BY id DESC LIMIT 1) d ON true
   CROSS JOIN LATERAL (SELECT min(o.at) FILTER (WHERE o.because = 'cut-contradicted') AS contradicted_at,
                              min(o.at) FILTER (WHERE o.because = 'meter-quarantined') AS quarantined_at
                         FROM decisions o WHERE o.account = a.account AND o.at > sent.at AND o.at < coalesce(restored.at, 'infinity')) found
   WHERE c.state = 'confirmed' AND c.kind IN (${CUTS}) AND c.asked_by <> 'person' AND c.verified_at >= $1 AND c.verified_at < $2`;
