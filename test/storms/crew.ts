/** One core's worth of storms: a plan comes in, what became of it goes out. */
import { parentPort } from "node:worker_threads";
import { runStorm, type StormPlan } from "./storm.ts";

// Faults are thrown by the thousand in a storm, and nobody reads where from.
Error.stackTraceLimit = 0;
parentPort!.on("message", (plan: StormPlan) => {
  void runStorm(plan).then(({ trace: _trace, ...report }) => parentPort!.postMessage(report));
});
