/**
 * The demonstration's street: ten meters on three kinds of line, wallets and remote-ledger meters side by side, and the site
 * file that serves them. The same plan feeds the story (`-- --once`) and the street that keeps running.
 */
import type { MeterPlan } from "../../simulator/street.ts";
import type { SiteInput } from "../site-file.ts";

export interface Resident {
  readonly meter: MeterPlan;
  readonly account: string;
  readonly name: string;
}

const wallet = (last: string, bus: string, name: string, balance: string, loadKw: number): Resident => ({
  meter: { address: `2026112200${last}`, bus, model: "standard-wallet", balance, loadKw },
  account: `10000000${last}`,
  name,
});
const remote = (last: string, bus: string, name: string, loadKw: number): Resident => ({
  meter: { address: `2026112200${last}`, bus, model: "remote-ledger", loadKw },
  account: `10000000${last}`,
  name,
});

export const residents: readonly Resident[] = [
  wallet("01", "serial-1", "Bakery", "50.00", 1.2),
  wallet("02", "serial-1", "Flat 1", "8.00", 0.6),
  remote("03", "serial-1", "Workshop", 3.9),
  wallet("11", "tcp-1", "Flat 2", "20.00", 0.8),
  wallet("12", "tcp-1", "Flat 3", "1.50", 1.0),
  wallet("13", "tcp-1", "Flat 4", "35.00", 0.4),
  remote("14", "tcp-1", "Flat 5", 0.5),
  wallet("21", "mqtt-1", "Kiosk", "12.00", 0.5),
  wallet("22", "mqtt-1", "Flat 6", "60.00", 0.7),
  remote("23", "mqtt-1", "Laundry", 5.0),
];

export const PRICE = "0.5283";

export interface Wires {
  readonly serialPath: string;
  readonly tcpPort: number;
  readonly mqttUrl: string;
  readonly httpPort: number;
  readonly dataFolder: string;
  readonly pollSeconds: number;
}

/** mode: live and restoreBy: reconnect, as a demonstration wants it; nobody is spared by the hour, so that it can be shown at any hour. */
export const siteOf = (wires: Wires): SiteInput => ({
  site: { name: "demo-street", timeZone: "Asia/Shanghai" },
  http: { host: "127.0.0.1", port: wires.httpPort },
  stores: { data: wires.dataFolder },
  mqtt: { url: wires.mqttUrl },
  buses: [
    { id: "serial-1", transport: { kind: "serial", path: wires.serialPath, baudRate: 2_400 } },
    { id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: wires.tcpPort } },
    { id: "mqtt-1", transport: { kind: "mqtt", down: "meters/{address}/down", up: "meters/{address}/up" } },
  ],
  meters: residents.map(({ meter, account }) => ({
    address: meter.address,
    account,
    bus: meter.bus,
    model: meter.model ?? "standard-wallet",
  })),
  accounts: residents.map(({ account, name }) => ({ account, name })),
  tariffs: [{ id: "flat", price: PRICE }],
  policy: { mode: "live", restoreBy: "reconnect", noCut: { hours: "", weekends: false } },
  polling: { everySeconds: wires.pollSeconds },
});
