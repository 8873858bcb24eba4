/**
 * Runs PostgreSQL under a guardian that outlives us by a moment.
 *
 * The guardian is a small shell in a session of its own, so no signal to our process group reaches PostgreSQL before we have
 * written down what we must. Its standard input is a pipe from us. When we close it, or die in any way, the guardian gives
 * PostgreSQL a fast shutdown: nobody has to find and stop a server without a master.
 *
 *     we ──pipe──► guardian ──► postgres
 *      ✗ (kill -9)     └─ end of input: SIGINT, after 10 s SIGQUIT
 */
import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { bareEnvironment, type Account } from "./postgres-account.ts";

/**
 * Descriptor 3 is our pipe; PostgreSQL must not inherit it. The watcher is killed hard: it ignores what the shell ignores. It says
 * SIGQUIT only while the guardian lives, because after that the pid may be anyone's.
 */
const GUARDIAN = `
trap '' HUP INT QUIT TERM
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
(
  read -r _ <&3
  exec 3<&-
  kill -INT "$server"
  n=0
  while kill -0 $$ && [ "$n" -lt 20 ]; do sleep 0.5; n=$((n + 1)); done
  kill -0 $$ && kill -QUIT "$server"
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$server"
code=$?
kill -KILL "$watcher"
exit "$code"
`;

export interface Guarded {
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  /** Asks for a fast shutdown. */
  letGo(): void;
}

export async function guard(account: Account, program: string, args: readonly string[], logFile: string): Promise<Guarded> {
  const log = await open(logFile, "a", 0o600);
  try {
    const child = spawn("/bin/sh", ["-c", GUARDIAN, "fee-control-gateway-postgres", program, ...args], {
      cwd: "/",
      env: bareEnvironment(),
      detached: true,
      stdio: ["pipe", log.fd, log.fd],
      ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
    });
    let ended = false;
    const end = new Promise<void>((resolve) => {
      const done = (): void => {
        ended = true;
        child.stdin?.destroy(); // should the guardian alone have been killed: its watcher sees this and stops the server
        resolve();
      };
      child.once("exit", done);
      child.once("error", done);
    });
    child.stdin?.on("error", () => undefined); // the guardian may be gone before we let go
    child.unref(); // whoever forgets to stop it still ends, and by ending stops it
    return {
      ended: end,
      hasEnded: () => ended,
      letGo: () => {
        child.ref();
        child.stdin?.end();
      },
    };
  } finally {
    await log.close();
  }
}
