/** Where the embedded PostgreSQL of a data folder listens now, for tools beside a running gateway. Starts nothing. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault, reasonOf } from "../kernel/faults.ts";
import { silentLog } from "../kernel/log.ts";
import { CLUSTER_USER, readPassword } from "./postgres-cluster.ts";
import { choosePlace } from "./postgres-place.ts";

/** The fourth line of postmaster.pid, as PostgreSQL documents it. */
const PORT_LINE = 3;

export async function embeddedAddress(dataFolder: string): Promise<string> {
  try {
    const place = await choosePlace(dataFolder, silentLog);
    const port = Number((await readFile(join(place.cluster, "postmaster.pid"), "utf8")).split("\n")[PORT_LINE]);
    return `postgres://${CLUSTER_USER}:${await readPassword(place)}@127.0.0.1:${port}/postgres?sslmode=disable`;
  } catch (error) {
    throw new Fault(
      "database-unreachable",
      { folder: dataFolder, why: `no embedded PostgreSQL runs there: ${reasonOf(error)}` },
      { cause: error },
    );
  }
}
