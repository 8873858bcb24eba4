/** One core's worth of storms: a plan comes in, what became of it goes out. */
import { parentPort } from "node:worker_threads";
import { runStorm, type StormPlan } from "./storm.ts";

// Faults are thrown by the thousand in a storm, and nobody reads where from.
Error.stackTraceLimit = 0;
parentPort!.on("message", (plan: StormPlan) => {
  const before = process.threadCpuUsage();
  void runStorm(plan).then(({ trace: _trace, ...report }) => {
    const { user, system } = process.threadCpuUsage(before);
    parentPort!.postMessage({ report, cpuMs: (user + system) / 1_000 });
  });
});
