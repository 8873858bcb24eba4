/**
 * The only door to a meter: read, top up, order the relay. A session holds one meter exclusively until it is closed, has one
 * urgency, and keeps the evidence of everything that passed.
 *
 * What the verbs consist of stands in the files beside this one: readings, purse, relay-ordering, prove-identity.
 */
import type { WireEvidence } from "../kernel/reading.ts";
import { Fault } from "../kernel/faults.ts";
import { dictionary } from "../protocols/dlt645/index.ts";
import type { SecurityModule } from "../security/security-module.ts";
import { freeze, readMeterClock, tellTheTime, writeTheTime, type ClockSetting } from "./clock-setting.ts";
import { Conversation, type ConversationParts } from "./conversation.ts";
import type { IdentityBook } from "./identity.ts";
import type { MeterSession } from "./meter.ts";
import type { MeterClocks } from "./meter-clock.ts";
import { readTariff } from "./meter-tariff/picture.ts";
import type { Prover } from "./prove-identity.ts";
import { readLastPurchase, readWallet, topUp } from "./purse.ts";
import { resetWallet, switchToRemote } from "./purse-orders.ts";
import { readItems } from "./readings.ts";
import { readRefund, refund } from "./refunding.ts";
import { orderRelay } from "./relay-ordering.ts";
import { proofFor, writeSecured } from "./secured-writing.ts";
import { readBalance, vendorTopUp } from "./vendor-purse.ts";

export interface SessionParts extends ConversationParts {
  readonly security: SecurityModule;
  readonly identities: IdentityBook;
  readonly clocks: MeterClocks;
  readonly timeZone: string;
  /** Eight hex digits the meter keeps in its records of who ordered what. */
  readonly operator: string;
  /** Gives the meter back. */
  readonly release: () => void;
  /** Whether one more urgent waits for it. */
  readonly isWanted: () => boolean;
}

/** A meter that was never opened carries no customer yet, some models never do. */
const NO_CUSTOMER = "000000000000";

export function openSession(parts: SessionParts): MeterSession {
  const { meter, model, clock, clocks, timeZone, log } = parts;
  const talk = new Conversation(parts);
  const prover: Prover = {
    talk,
    meter,
    identities: parts.identities,
    security: parts.security,
    operator: model.operator ?? parts.operator,
  };
  const setting: ClockSetting = { prover, model, clocks, clock, timeZone, line: parts.line.id };
  let isClosed = false;
  /** Whoever uses a closed session would speak to a meter that another session holds. */
  const open = (): void => {
    if (isClosed) throw new Error(`the session with ${meter.address} is closed`);
  };
  const wallet = (): void => {
    open();
    if (!model.wallet)
      throw new Fault("wrong-mode", { meter: meter.address, model: meter.model, why: "this model has no wallet" });
  };

  return {
    meter,
    get evidence(): readonly WireEvidence[] {
      return talk.evidence;
    },

    get isWanted(): boolean {
      return parts.isWanted();
    },

    money: model.money,

    readIdentity: async () => {
      open();
      const { value: meterNumber } = await talk.known(dictionary.meterNumber);
      // A breaker carries no customer; its own number still tells whether it is the one we mean.
      const hasCustomer = model.profile.items.customerNumber !== null;
      const customerNumber = hasCustomer ? (await talk.known(dictionary.customerNumber)).value : NO_CUSTOMER;
      const customerFits = customerNumber === meter.customerNumber || customerNumber === NO_CUSTOMER;
      return { meterNumber, customerNumber, matches: meterNumber === meter.meterNumber && customerFits };
    },

    readWallet: async () => {
      wallet();
      return readWallet(prover);
    },

    readLastPurchase: async () => {
      open();
      return readLastPurchase(prover);
    },

    readRelay: async () => {
      open();
      const { value, at } = await talk.known(dictionary.runStateWord3);
      const { relay, order, preTripAlarm, protected: isProtected, accountOpened, word } = value;
      return { relay, order, preTripAlarm, protected: isProtected, accountOpened, word, takenAt: at };
    },

    readTripDelayMinutes: async () => {
      open();
      return (await talk.value(dictionary.tripDelay)).value ?? 0;
    },

    read: async (items, source, inParts) => {
      open();
      return readItems(talk, items, { meter: meter.address, source, timeZone, blocks: model.profile.blocks, inParts });
    },

    topUp: async (purchase, options) => {
      wallet();
      return topUp(prover, purchase, options);
    },

    resetWallet: async (options) => {
      wallet();
      return resetWallet(prover, model, options);
    },

    switchToRemote: async (held, options) => {
      wallet();
      return switchToRemote(prover, model, held, options);
    },

    readBalance: async () => {
      wallet();
      return readBalance(prover, model);
    },

    vendorTopUp: async (purchase, options) => {
      wallet();
      return vendorTopUp(prover, model, purchase, options);
    },

    readRefund: async (age) => {
      wallet();
      return readRefund(prover, age);
    },

    refund: async (order, options) => {
      wallet();
      return refund(prover, model, order, options);
    },

    forgetProof: () => {
      open();
      parts.identities.drop(meter.address);
      return Promise.resolve();
    },

    orderRelay: async (order, options) => {
      open();
      return orderRelay({ prover, model, clocks, clock, timeZone, log }, order, options);
    },

    readClock: async () => {
      open();
      return readMeterClock(setting);
    },

    setClock: async (way, lookedAt, options) => {
      open();
      return way === "broadcast" ? tellTheTime(setting, lookedAt, options) : writeTheTime(setting, options);
    },

    writeSecured: async (di, data, { under, ...options }) => {
      open();
      return writeSecured({ prover, model, di, under: under ?? proofFor(di) }, data, options);
    },

    readTariff: async (extent) => {
      open();
      return readTariff(talk, model, extent);
    },

    freeze: async (when, options) => {
      open();
      return freeze(setting, when, options);
    },

    close: () => {
      isClosed = true;
      parts.release();
      return Promise.resolve();
    },
  };
}
