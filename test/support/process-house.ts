/**
 * A street and a gateway as real processes, the gateway on its embedded stores: to be killed as the world kills, and started again on
 * what was left. What is started here is gone when the house is closed, the server included.
 */
import { Desk } from "../../src/demo/desk.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import {
  folder,
  holdersOf,
  startGatewayProcess,
  startStreet,
  type Folder,
  type GatewayProcess,
  type StreetProcess,
} from "./processes.ts";

const GONE_MS_MAX = 30_000;

export interface ProcessHouse {
  readonly place: Folder;
  readonly street: StreetProcess;
  /** The one that was started last. */
  readonly gateway: GatewayProcess;
  readonly desk: Desk;
  /** Starts a gateway on what the last one left. */
  rise(): Promise<void>;
  /** Kills everything of the gateway with -9 and starts it again in the same breath. */
  dieAndRise(): Promise<void>;
  close(): Promise<void>;
}

export interface ProcessHouseOptions {
  /** On the street, counted up from the first; each holds 10.00 and no time passes for it. */
  readonly meters: readonly string[];
  /** Those the site file names; all, where it is left out. Account is the last ten digits of the address. */
  readonly named?: readonly string[];
  /** Of the one line. */
  readonly bus?: Readonly<Record<string, unknown>>;
  /** What else stands in the site file. */
  readonly site?: (place: Folder) => Readonly<Record<string, unknown>>;
}

export async function raiseProcessHouse(options: ProcessHouseOptions): Promise<ProcessHouse> {
  const { meters, named = meters, bus = {}, site = () => ({}) } = options;
  const place = folder();
  const street = await startStreet([
    ...["--meters", String(meters.length), "--first-address", meters[0]!],
    ...["--tcp", "0", "--balance", "10.00", "--speed", "0"],
  ]);
  const siteFile = place.file(
    "site.yaml",
    JSON.stringify({
      stores: { data: "./data" },
      mqtt: { url: "mqtt://127.0.0.1:9" }, // no bus uses it
      buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: street.ready.tcp }, ...bus }],
      meters: named.map((address) => ({ address, account: address.slice(2), bus: "tcp-1", model: "standard-wallet" })),
      ...site(place),
    }),
  );
  let gateway: GatewayProcess | undefined;
  const close = async (): Promise<void> => {
    gateway?.kill("SIGKILL");
    street.kill("SIGTERM");
    await Promise.all([gateway?.ended, street.ended]);
    await new Desk("", systemClock).until("the data folder to be let go", GONE_MS_MAX, async () =>
      (await holdersOf(place.path)).length === 0 ? true : null,
    );
    place.remove();
  };
  const rise = async (): Promise<void> => {
    gateway = await startGatewayProcess(siteFile);
  };
  try {
    await rise();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    place,
    street,
    get gateway() {
      return gateway!;
    },
    get desk() {
      return new Desk(gateway!.url, systemClock);
    },
    rise,
    dieAndRise: async () => {
      gateway!.kill("SIGKILL");
      await rise();
    },
    close,
  };
}
