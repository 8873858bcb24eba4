/** A street in a process of its own, so that what it takes is its own: raised, asked, lived, and measured after each. */
import { reasonOf } from "../../src/kernel/faults.ts";
import { Instant } from "../../src/kernel/clock.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { buildStreet } from "../../simulator/street.ts";
import type { Street } from "../../simulator/street.ts";
import { mindSize } from "../../simulator/thrift.ts";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import { residentMb } from "./workshop.ts";

export interface ChildOrder {
  readonly meters: number;
}
/** The meters from this to that answer a reading; or everybody lives on. In portions: a helper that says nothing for a minute counts as dead. */
export type Question =
  { readonly what: "answer"; readonly from: number; readonly to: number } | { readonly what: "live"; readonly hours: number };
/** What it took, and what the process takes now. */
export interface Measured {
  readonly ms: number;
  readonly residentMb: number;
  readonly answers: number;
}

const FIRST_ADDRESS = 202_611_220_001;
const FORWARD = "00010000";

/** It stands still: what passes is what the bench lets pass. */
const clock: Clock = {
  now: () => Instant(Date.parse("2026-11-22T10:00:00+08:00")),
  wait: () => Promise.reject(new Error("nobody waits here")),
};

const { meters } = JSON.parse(process.argv[2]!) as ChildOrder;
const measured = (since: number, answers = 0): Measured => ({
  ms: performance.now() - since,
  residentMb: residentMb(process.pid),
  answers,
});

// As the program does.
mindSize(meters);
let startedAt = performance.now();
const street: Street = await buildStreet({
  clock,
  seed: 7,
  buses: [{ id: "m", endpoint: { kind: "memory" } }],
  meters: Array.from({ length: meters }, (_, i) => ({ address: String(FIRST_ADDRESS + i), bus: "m", balance: "900.00" })),
});
let answers = 0;
const end = street.memoryEnd("m");
end.onBytes((bytes) => (answers += bytes[0] === 0x68 ? 1 : 0));

async function answered(from: number, to: number): Promise<Measured> {
  startedAt = performance.now();
  answers = 0;
  for (let i = from; i < to; i += 1) {
    const address = String(FIRST_ADDRESS + i);
    end.send(writeFrame({ address, control: 0x11, data: dataItemBytes(FORWARD) }, 0));
    await Promise.resolve();
  }
  return measured(startedAt, answers);
}

function lived(hours: number): Measured {
  startedAt = performance.now();
  street.advance(hours * 3_600_000);
  for (const meter of street.meters.values()) meter.settle();
  return measured(startedAt);
}

process.on("message", (question: Question) => {
  const answer =
    question.what === "answer" ? answered(question.from, question.to) : Promise.resolve().then(() => lived(question.hours));
  answer.then(
    (found) => process.send!({ answer: found }),
    (error: unknown) => process.send!({ fault: reasonOf(error) }),
  );
});
process.on("disconnect", () => process.exit());
process.send!({ answer: measured(startedAt) });
