/**
 * Tells trouble with the database apart: the way there (a Fault, ask again later), and an answer from it (the error as it
 * came, for whoever wrote the statement). A Fault names host and port and never the password, because connection strings
 * end up in logs and in photographs of screens.
 */
import pg from "pg";
import { Fault, reasonOf, type FaultCode } from "../kernel/faults.ts";

/** Where a connection string leads, fit to be printed. */
export function placeOf(connectionString: string): { host: string; port: number; database: string } {
  try {
    const { host, port, database } = new pg.Client({ connectionString });
    return { host, port, database: database ?? "" };
  } catch {
    return { host: "(unreadable connection string)", port: 0, database: "" };
  }
}

/** SQLSTATEs that speak of the way to the server or of the server as a whole, not of our statement. */
const UNREACHABLE_CLASSES = new Set(["08", "28", "57P", "53200", "53300", "58030", "3D000"]);

/** SQLSTATEs by which a server that answers says: not now. Whatever was begun is rolled back, and may be asked again. */
const notNow: Readonly<Record<string, FaultCode>> = {
  "53100": "database-full",
  "25006": "database-read-only",
  "55P03": "database-busy", // a lock was not to be had
  "57014": "database-busy", // the statement took too long
};

/** True when the connection is of no more use: lost, refused, or silent for too long. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? "";
    return [2, 3, 5].some((length) => UNREACHABLE_CLASSES.has(code.slice(0, length)));
  }
  if (!(error instanceof Error)) return false;
  if ("syscall" in error || ("code" in error && typeof error.code === "string" && /^E[A-Z]+$/.test(error.code))) return true;
  return /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client (has encountered a connection error|was closed))/.test(
    error.message,
  );
}

const notNowOf = (error: unknown): FaultCode | undefined =>
  error instanceof pg.DatabaseError ? notNow[error.code ?? ""] : undefined;

/**
 * A lost connection, and a server that can take nothing just now, become Faults; everything else stays what it is. Only a lost
 * connection is given the context: a server that answers has said what became of it.
 */
export function asFault(
  error: unknown,
  place: { host: string; port: number },
  context: Readonly<Record<string, unknown>> = {},
): unknown {
  const code = notNowOf(error);
  if (code !== undefined) return new Fault(code, { host: place.host, port: place.port, why: wordsOf(error) }, { cause: error });
  if (!isUnreachable(error)) return error;
  return new Fault(
    "database-unreachable",
    { host: place.host, port: place.port, why: wordsOf(error), ...context },
    { cause: error },
  );
}

/** Node hides the reasons of a failed connect to several addresses in an AggregateError without a message. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  return reasonOf(error);
}

/** "cached plan must not change result type", in whatever language: its code alone is that of everything PostgreSQL cannot do. */
export const tableHasChanged = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === "0A000" && error.routine === "RevalidateCachedQuery";

/** Serialization failure, deadlock, and a plan made before a migration: all was rolled back and may succeed when it is run again. */
export const mayRunAgain = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === "40001" || error.code === "40P01" || tableHasChanged(error));

/** The name of the unique constraint that refused a row, or null when the error is another. */
export const uniqueViolated = (error: unknown): string | null =>
  error instanceof pg.DatabaseError && error.code === "23505" ? (error.constraint ?? "") : null;
