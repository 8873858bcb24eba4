/**
 * The reckoning at the end of the story: what was there and came in = what is on the meters, in the ledger, and used up.
 *
 * What is on the meters and what was used is read from the street's own door, not from our books; only `available` and `held`
 * are ours. Then a lost or doubled fen anywhere shows.
 */
import type { MeterSnapshot, Street } from "../../simulator/street.ts";
import { Fen, parsePrice, parseYuan, yuan } from "../kernel/money.ts";
import { roundedFen } from "../tariff/cost.ts";
import type { Desk } from "./desk.ts";
import { PRICE, residents } from "./street-plan.ts";

export interface Opening {
  readonly onMeters: Fen;
  /** Registers of the remote meters when the story began. */
  readonly registers: ReadonlyMap<string, bigint>;
}

export interface Reckoning {
  readonly opening: string;
  readonly paidIn: string;
  readonly onMeters: string;
  readonly available: string;
  readonly held: string;
  readonly consumed: string;
  readonly difference: string;
}

const sum = (parts: readonly bigint[]): Fen => Fen(parts.reduce((total, part) => total + part, 0n));
const isWallet = (meter: MeterSnapshot): boolean => meter.mode === "local";
const snapshots = (street: Street): readonly MeterSnapshot[] => residents.map(({ meter }) => street.snapshot(meter.address));
const onMeters = (street: Street): Fen =>
  sum(
    snapshots(street)
      .filter(isWallet)
      .map((meter) => parseYuan(meter.balance) - parseYuan(meter.overdraft)),
  );

export const openingOf = (street: Street): Opening => ({
  onMeters: onMeters(street),
  registers: new Map(
    snapshots(street)
      .filter((meter) => !isWallet(meter))
      .map((meter) => [meter.address, parseYuan(meter.energyKwh)]),
  ),
});

export async function reckon(street: Street, desk: Desk, opening: Opening, paidIn: Fen): Promise<Reckoning> {
  const price = parsePrice(PRICE);
  const byWallets = snapshots(street)
    .filter(isWallet)
    .map((meter) => parseYuan(meter.consumed ?? "0"));
  const byLedger = [...opening.registers].map(([address, from]) =>
    roundedFen((parseYuan(street.snapshot(address).energyKwh) - from) * price),
  );
  const consumed = sum([...byWallets, ...byLedger]);
  const accounts = await Promise.all(residents.map(({ account }) => desk.get(`/v1/accounts/${account}`)));
  const available = sum(accounts.map((account) => parseYuan(String(account["available"]))));
  const held = sum(accounts.map((account) => parseYuan(String(account["held"]))));
  const now = onMeters(street);
  const difference = Fen(opening.onMeters + paidIn - now - available - held - consumed);
  return {
    opening: yuan(opening.onMeters),
    paidIn: yuan(paidIn),
    onMeters: yuan(now),
    available: yuan(available),
    held: yuan(held),
    consumed: yuan(consumed),
    difference: yuan(difference),
  };
}
