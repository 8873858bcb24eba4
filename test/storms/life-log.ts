/** What a life logs becomes lines of the trace, when somebody reads it; else nothing is written, and nothing is spent on it. */
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import type { Trace } from "./trace.ts";

export const storiesIn = (trace: Trace, life: string): Logger => (trace.tellsAll ? telling(trace, life, {}) : silentLog);

function telling(trace: Trace, life: string, bound: object): Logger {
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      trace.tell("log", life, () => `${level} ${message} ${JSON.stringify({ ...bound, ...fields }, plain)}`);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => telling(trace, life, { ...bound, ...fields }),
  };
}

const plain = (_name: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
