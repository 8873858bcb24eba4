/** A meter as the control door shows it and lets it be changed: outside shapes on one side, the meter's own state on the other. */
import { z } from "zod";
import { Fault } from "../src/kernel/faults.ts";
import { parseYuan, yuan } from "../src/kernel/money.ts";
import { drift } from "./bodies.ts";
import { faultKinds } from "./faults.ts";
import type { FaultKind, FaultOrder, StandingFault } from "./faults.ts";
import { parameterShapes } from "./faults/parameters.ts";
import { nonsenseIn } from "./faults/sense.ts";
import { lifePatchShape, patchLife } from "./life-shape.ts";
import type { KeyState, MeterMode } from "./models.ts";
import type { RelayWish } from "./relay.ts";
import type { Obeyed, VirtualMeter } from "./virtual-meter.ts";
import { FEN_MAX } from "./wallet.ts";
import { isoWall } from "./wall-time.ts";

export interface MeterSnapshot {
  readonly address: string;
  readonly meterNumber: string;
  readonly customerNumber: string;
  readonly bus: string;
  readonly model: string;
  readonly mode: MeterMode;
  readonly keyState: KeyState;
  readonly opened: boolean;
  readonly balance: string;
  readonly overdraft: string;
  readonly purchaseCount: number;
  readonly relay: RelayWish;
  readonly relayOrder: "connect" | "disconnect";
  readonly protected: boolean;
  readonly warned: boolean;
  readonly energyKwh: string;
  readonly loadKw: number;
  /** What the wallet deducted; null where there is none. */
  readonly consumed: string | null;
  /** Top-ups and openings less refunds; null where there is no wallet. */
  readonly credited: string | null;
  readonly clock: string;
  readonly powered: boolean;
  /** The tariff that runs, 1 to 4, and what a kWh costs now, step included; null where there is no wallet. */
  readonly tariff: number;
  readonly price: string | null;
  readonly obeyed: Readonly<Record<Obeyed, number>>;
  readonly heard: number;
  readonly faults: readonly StandingFault[];
}

export function snapshotOf(meter: VirtualMeter): MeterSnapshot {
  drift(meter);
  const clock = meter.clock;
  const { wallet, relay } = meter;
  return {
    address: meter.address,
    meterNumber: meter.meterNumber,
    customerNumber: meter.customerNumber,
    bus: meter.plan.bus,
    model: meter.plan.model ?? "standard-wallet",
    mode: meter.mode,
    keyState: meter.keyState,
    opened: meter.isOpened,
    balance: yuan(meter.hasWallet ? wallet.balance : 0n),
    overdraft: yuan(meter.hasWallet ? wallet.overdraft : 0n),
    purchaseCount: Number(meter.purchaseCount),
    relay: relay.state,
    relayOrder: relay.orderIsDisconnect ? "disconnect" : "connect",
    protected: meter.isProtected,
    warned: meter.isWarned,
    energyKwh: yuan(meter.energySteps),
    loadKw: Number(meter.milliwatts) / 1_000_000,
    consumed: meter.hasWallet ? yuan(wallet.consumed) : null,
    credited: meter.hasWallet ? yuan(wallet.credited) : null,
    clock: isoWall(clock),
    powered: meter.isPowered,
    tariff: meter.life.tariffNow,
    price: meter.hasWallet ? priceText(meter.life.price) : null,
    obeyed: { ...meter.obeyed },
    heard: meter.heard,
    faults: meter.faults.standing.map((fault) => ({ ...fault })),
  };
}

const priceText = (price: bigint): string => `${price / 10_000n}.${(price % 10_000n).toString().padStart(4, "0")}`;

const yuanText = z.string().regex(/^-?\d{1,6}(\.\d{1,2})?$/, 'yuan with at most two decimals, like "50.00"');
const twelveDigits = z.string().regex(/^\d{12}$/, "twelve digits");

/** Power is measured, so it is a number; written as text it is understood as well. */
const decimalText = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,6})?$/, "kW from 0 to 100")
  .transform(Number);

const patchShape = z
  .strictObject({
    balance: yuanText,
    purchaseCount: z.int().min(0).max(4_294_967_295),
    meterNumber: twelveDigits,
    customerNumber: twelveDigits,
    keyState: z.enum(["production", "test"]),
    mode: z.enum(["local", "remote"]),
    opened: z.boolean(),
    plainControl: z.union([z.boolean(), z.literal("restores")]),
    programmingEnabled: z.boolean(),
    clockOffsetMs: z.number().min(-3_153_600_000_000).max(3_153_600_000_000),
    loadKw: z.union([z.number(), decimalText]).pipe(z.number().min(0).max(100)).nullable(),
    ...lifePatchShape.shape,
  })
  .partial();
export type MeterPatch = z.input<typeof patchShape>;

export const checkedPatch = (given: unknown): z.output<typeof patchShape> => checked(patchShape, given);

/** Changes the meter as a person with a tool would; what follows by itself (a trip at zero, a reconnection) follows. */
export function patchMeter(meter: VirtualMeter, given: unknown): MeterSnapshot {
  const patch = checkedPatch(given);
  meter.settle();
  if (patch.mode !== undefined) meter.mode = patch.mode;
  if (patch.keyState !== undefined) meter.keyState = patch.keyState;
  if (patch.opened !== undefined) meter.isOpened = patch.opened;
  if (patch.plainControl !== undefined) meter.plainControl = patch.plainControl;
  if (patch.programmingEnabled !== undefined) meter.programmingEnabled = patch.programmingEnabled;
  if (patch.meterNumber !== undefined) meter.meterNumber = patch.meterNumber;
  if (patch.customerNumber !== undefined) meter.customerNumber = patch.customerNumber;
  if (patch.purchaseCount !== undefined) meter.purchaseCount = BigInt(patch.purchaseCount);
  if (patch.clockOffsetMs !== undefined) meter.clockOffsetMs = Math.round(patch.clockOffsetMs);
  if (patch.loadKw !== undefined)
    meter.household.override = patch.loadKw === null ? null : BigInt(Math.round(patch.loadKw * 1_000_000));
  if (patch.balance !== undefined) {
    const fen: bigint = parseYuan(patch.balance, "balance");
    if (fen > FEN_MAX || -fen > FEN_MAX) throw new Fault("invalid-request", { field: "balance", given: patch.balance });
    meter.wallet.set(fen);
    meter.restoreAfterCredit();
  }
  patchLife(meter, patch);
  meter.reconsider();
  return snapshotOf(meter);
}

const kinds = Object.keys(faultKinds) as [FaultKind, ...FaultKind[]];
const faultShape = z.strictObject({ kind: z.enum(kinds), ...parameterShapes });

/** A fault order from outside: parameters that its kind does not know, or that can never come true, are refused, not ignored. */
export function checkedFault(given: unknown): FaultOrder {
  const order = checked(faultShape, given) as FaultOrder;
  const known = Object.keys(faultKinds[order.kind].parameters);
  const stranger = Object.keys(order).find((name) => name !== "kind" && !known.includes(name));
  if (stranger !== undefined)
    throw new Fault("invalid-request", {
      field: stranger,
      allowed: `${order.kind} takes ${known.join(", ") || "no parameters"}`,
    });
  const nonsense = nonsenseIn(order);
  if (nonsense !== undefined) throw new Fault("invalid-request", { ...nonsense });
  return order;
}

/** Bad input names its field and what is allowed there. */
export function checked<T extends z.ZodType>(shape: T, given: unknown): z.infer<T> {
  const result = shape.safeParse(given ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.join(".") || (issue.code === "unrecognized_keys" ? issue.keys.join(", ") : "body");
  throw new Fault("invalid-request", { field, allowed: issue.message });
}
