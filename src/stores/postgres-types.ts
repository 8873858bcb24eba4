/**
 * How values cross the border between PostgreSQL and the house.
 *
 *     bigint       ─► bigint          money and counters; a float would lose fen (count(*) is a bigint too)
 *     timestamptz  ─► Instant         milliseconds; hand instants in with `at()`
 *     date         ─► "2026-11-22"    a settlement day is a name, not a moment
 *     numeric      ─► string          exact, as the wire gave it
 *     json, jsonb  ─► parsed          hand objects in as they are, arrays as JSON.stringify(array)
 *
 * The parsers belong to one pool, not to the library: another user of `pg` in this process keeps its own.
 */
import pg from "pg";
import { Instant } from "../kernel/clock.ts";

/** An instant as a parameter of a statement. */
export const at = (instant: Instant): Date => new Date(instant);

type Parse = (text: string) => unknown;
/** The library's own parsers; its types promise nothing about what they return. */
const parserOf = pg.types.getTypeParser as (oid: number, format?: string) => Parse;

const OID = {
  int8: 20,
  date: 1082,
  timestamptz: 1184,
  textArray: 1009,
  int8Array: 1016,
  dateArray: 1182,
  timestamptzArray: 1185,
};

const asIs: Parse = (text) => text;
const instantOf: Parse = (text) => Instant((parserOf(OID.timestamptz)(text) as Date).getTime());
const eachOf =
  (parse: Parse): Parse =>
  (text) =>
    (parserOf(OID.textArray)(text) as (string | null)[]).map((item) => (item === null ? null : parse(item)));

const parsers = new Map<number, Parse>([
  [OID.int8, BigInt],
  [OID.date, asIs],
  [OID.timestamptz, instantOf],
  [OID.int8Array, eachOf(BigInt)],
  [OID.dateArray, eachOf(asIs)],
  [OID.timestamptzArray, eachOf(instantOf)],
]);

export const houseTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: string) => (format === "binary" ? undefined : parsers.get(oid)) ?? parserOf(oid, format),
};
