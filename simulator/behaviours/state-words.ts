/**
 * The run-state words 04000501..07 and the key state: bits, low byte first. Reserved bits stay 0. Nothing here is remembered:
 * every bit is read out of the state that it speaks of. Thresholds of phase faults are the usual ones of the standard's event
 * settings; with `word3` as State Grid reads it (bit 10 the price set, bit 11 the step set).
 */
import { binary } from "../bytes.ts";
import { Kind } from "../energies.ts";
import type { Phase } from "../power.ts";
import { powerFactor } from "../power.ts";
import type { VirtualMeter } from "../virtual-meter.ts";

type Named = Readonly<Record<number, boolean>>;

/** Hundredths of a volt: below, a battery is low. */
const BATTERY_LOW = 300;
const NOMINAL_DECIVOLTS = 2_200;
/** Hundredths of the nominal voltage. */
const VOLTAGE = { failing: 60, under: 78, over: 120 } as const;
/** A meter of 5(60) A: above 72 A, and above the power of that. */
const MILLIAMPS_OVER = 72_000;
const MILLIWATTS_OVER = 15_840_000;
/** Hundredths between highest and lowest phase. */
const UNBALANCE = { volts: 30, amps: 50, ampsSevere: 90 } as const;
/** Below a twentieth of the basic current nobody speaks of balance. */
const MILLIAMPS_LEAST = 250;
/** Thousandths; asked only where something flows. */
const FACTOR_LOW = 300;

function word1(meter: VirtualMeter): Named {
  const { life, relay, wallet, hasWallet } = meter;
  const { supply, load } = life;
  return {
    1: life.demand.isBlock,
    2: supply.clockBattery < BATTERY_LOW,
    3: supply.readingBattery < BATTERY_LOW,
    4: load.active < 0,
    5: load.reactive < 0,
    8: relay.hasControlError,
    9: supply.failing.has("esam"),
    12: supply.failing.has("program"),
    13: supply.failing.has("memory"),
    14: hasWallet && wallet.overdraft > 0n,
    15: supply.failing.has("clock"),
  };
}

function word2({ life }: VirtualMeter): Named {
  const loads = life.loads;
  return Object.fromEntries(
    loads.flatMap((load, phase) => [
      [phase, load.active < 0],
      [phase + 4, load.reactive < 0],
    ]),
  );
}

/** The word that fee control polls. Bits 8 and 9: 10 = money prepay, 00 = no wallet. */
function word3(meter: VirtualMeter): Named {
  const { relay, wallet, alarms, life } = meter;
  const { running } = life.tariff;
  const alarm = meter.hasWallet && (wallet.balance < alarms.first || wallet.balance < alarms.second);
  return {
    0: running.slots === 1,
    3: meter.programmingEnabled,
    4: !relay.isClosed,
    5: running.zones === 1,
    6: relay.orderIsDisconnect,
    7: meter.isWarned || relay.isTripPending || alarm,
    9: meter.hasWallet,
    10: running.prices === 1,
    11: running.steps === 1,
    12: meter.isProtected,
    13: meter.esam.hasSession(meter.time.unhurried()),
    14: meter.hasWallet && !meter.isOpened,
    15: !meter.hasWallet && !meter.isOpened,
  };
}

/** Words 4 to 6, a phase each. */
function phaseWord(phase: Phase | undefined, others: boolean): Named {
  if (phase === undefined) return {};
  const share = (phase.decivolts * 100) / NOMINAL_DECIVOLTS;
  const flows = Math.abs(phase.milliamps) > 0;
  return {
    0: others && share < VOLTAGE.under && flows,
    1: share >= VOLTAGE.failing && share < VOLTAGE.under,
    2: share > VOLTAGE.over,
    4: Math.abs(phase.milliamps) > MILLIAMPS_OVER,
    5: phase.load.active > MILLIWATTS_OVER,
    6: phase.load.active < 0,
    7: others && share < VOLTAGE.failing && !flows,
  };
}

function word7({ life }: VirtualMeter): Named {
  const { supply, phases, load } = life;
  const hasThree = phases.length === 3;
  const unbalanced = (values: readonly number[], hundredths: number): boolean =>
    hasThree && Math.max(...values) * (100 - hundredths) > Math.min(...values) * 100;
  const amps = phases.map(({ milliamps }) => Math.abs(milliamps));
  const unbalancedAmps = (hundredths: number): boolean => Math.max(...amps) > MILLIAMPS_LEAST && unbalanced(amps, hundredths);
  return {
    0: hasThree && supply.isPhaseOrderReversed,
    1: hasThree && supply.isPhaseOrderReversed && amps.every((milliamps) => milliamps > MILLIAMPS_LEAST),
    2: unbalanced(
      phases.map(({ decivolts }) => decivolts),
      UNBALANCE.volts,
    ),
    3: unbalancedAmps(UNBALANCE.amps),
    4: supply.isAuxiliaryLost,
    6: life.demand.present(life.log, life.at)[Kind.forward]! > life.demand.limit,
    7: load.active > 0 && powerFactor(load) < FACTOR_LOW,
    8: unbalancedAmps(UNBALANCE.ampsSevere),
    9: supply.isCoverOpen,
    10: supply.isTerminalCoverOpen,
  };
}

export function runStateWord(meter: VirtualMeter, number: number): Uint8Array {
  return binary(
    Object.entries(namedBits(meter, number)).reduce((word, [bit, on]) => (on ? word | (1n << BigInt(bit)) : word), 0n),
    2,
  );
}

function namedBits(meter: VirtualMeter, number: number): Named {
  switch (number) {
    case 1:
      return word1(meter);
    case 2:
      return word2(meter);
    case 3:
      return word3(meter);
    case 7:
      return word7(meter);
    default: {
      const phases = meter.life.phases;
      return phaseWord(phases[number - 4], phases.length > 1);
    }
  }
}

/** 0 in the test-key state. */
export const keyInfoNumber = (meter: VirtualMeter): bigint => (meter.keyState === "production" ? 0x000fffffn : 0n);
export const keyInfo = (meter: VirtualMeter): Uint8Array => binary(keyInfoNumber(meter), 4);
