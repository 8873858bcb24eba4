/**
 * Looks at processes of this machine: is it there, is it only a corpse, when was it born, what runs in it.
 *
 * A pid alone proves nothing, because pids are given out again: pid and birth together name a process. A zombie counts as
 * dead; after `kill -9` of a whole group corpses lie about for seconds. Reads /proc, or asks `ps` where there is none (macOS).
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

export interface ProcessLook {
  /** Tells two lives of one pid apart, across restarts of the machine too. */
  readonly born: string;
  readonly command: string;
}

/** Null when there is no such process, or only its corpse. */
export async function lookAt(pid: number): Promise<ProcessLook | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return process.platform === "linux" ? lookInProc(pid) : askPs(pid);
}

/** True when there is such a process, dead or alive (0 only asks), also when it is not ours to signal. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function lookInProc(pid: number): Promise<ProcessLook | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // the second field is the name in parentheses, which may hold anything; state is the first after it, birth the 20th
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return null;
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ").trim();
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
    return { born: `${boot.trim()}/${fields[19] ?? ""}`, command };
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return null;
    throw error;
  }
}

function askPs(pid: number): Promise<ProcessLook | null> {
  return new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
    execFile("ps", ["-o", "stat=,lstart=,args=", "-p", String(pid)], { env }, (_error, printed) => {
      const match = /^(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/m.exec(printed.trim());
      resolve(match === null || match[1]!.startsWith("Z") ? null : { born: match[2]!, command: match[3]! });
    });
  });
}
