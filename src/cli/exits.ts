/** How a call of meterctl ends: 0 done, 1 the thing asked for failed, 2 wrong use, 3 no connection. */
import { faults, isFault, reasonOf, type Fault } from "../kernel/faults.ts";

export const Exit = { done: 0, failed: 1, wrongUse: 2, noConnection: 3 } as const;

/** A call that cannot be made as it was written. */
export class WrongUse extends Error {}
/** Nobody listens where we called. */
export class NoConnection extends Error {}
/** The thing was asked for and did not happen; the message is for people. */
export class Failed extends Error {
  /** The gateway itself is in trouble, or has too much to do: the same call may well succeed later. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false }: { readonly mayPass?: boolean } = {}) {
    super(message);
    this.mayPass = mayPass;
  }
}

const wrong = new Set([
  "address-malformed",
  "account-malformed",
  "amount-malformed",
  "unknown-item",
  "item-not-readable",
  "invalid-request",
  "frame-malformed",
  "unencodable",
]);
const unreachable = new Set(["line-down", "serial-unavailable", "broker-unavailable", "broker-refused", "security-unavailable"]);

function codeOfFault(fault: Fault): number {
  if (unreachable.has(fault.code)) return Exit.noConnection;
  return wrong.has(fault.code) ? Exit.wrongUse : Exit.failed;
}

/** Exit code and sentence of whatever was thrown. */
export function endOf(error: unknown): { readonly code: number; readonly say: string } {
  if (error instanceof WrongUse) return { code: Exit.wrongUse, say: error.message };
  if (error instanceof NoConnection) return { code: Exit.noConnection, say: error.message };
  if (error instanceof Failed) return { code: Exit.failed, say: error.message };
  if (isFault(error)) return { code: codeOfFault(error), say: `${error.message} ${faults[error.code].zh}` };
  return { code: Exit.failed, say: reasonOf(error) };
}
