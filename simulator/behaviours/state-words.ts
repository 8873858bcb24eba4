/** The run-state words 04000501..07 and the key state: bits, low byte first. Reserved bits stay 0. */
import { binary } from "../bytes.ts";
import type { VirtualMeter } from "../virtual-meter.ts";

const word1 = (meter: VirtualMeter): boolean[] =>
  bits({ 8: meter.relay.hasControlError, 14: meter.hasWallet && meter.wallet.overdraft > 0n });

/** The word that fee control polls. Bits 8 and 9: 10 = money prepay, 00 = no wallet. */
function word3(meter: VirtualMeter): boolean[] {
  const { relay, wallet, alarms } = meter;
  const alarm = meter.hasWallet && (wallet.balance < alarms.first || wallet.balance < alarms.second);
  return bits({
    4: !relay.isClosed,
    6: relay.orderIsDisconnect,
    7: meter.isWarned || relay.isTripPending || alarm,
    9: meter.hasWallet,
    12: meter.isProtected,
    13: meter.esam.hasSession(meter.time.unhurried()),
    14: meter.hasWallet && !meter.isOpened,
    15: !meter.hasWallet && !meter.isOpened,
  });
}

export function runStateWord(meter: VirtualMeter, number: number): Uint8Array {
  const set = number === 1 ? word1(meter) : number === 3 ? word3(meter) : [];
  return binary(
    set.reduce((word, on, bit) => (on ? word | (1n << BigInt(bit)) : word), 0n),
    2,
  );
}

/** 0 in the test-key state. */
export const keyInfoNumber = (meter: VirtualMeter): bigint => (meter.keyState === "production" ? 0x000fffffn : 0n);
export const keyInfo = (meter: VirtualMeter): Uint8Array => binary(keyInfoNumber(meter), 4);

function bits(named: Readonly<Record<number, boolean>>): boolean[] {
  return Array.from({ length: 16 }, (_, bit) => named[bit] ?? false);
}
