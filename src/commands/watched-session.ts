/** A session whose sights are kept: every relay word and every wallet that a command happens to read goes into the books. */
import type { BalanceSight, MeterSession, Wallet } from "../devices/meter.ts";
import type { SightInHand } from "./sight-in-hand.ts";

export interface Watcher {
  /** Kept by whoever holds the session, before anything else is made of it. */
  readonly relay: SightInHand;
  wallet(wallet: Wallet): Promise<void>;
  /** Of a meter that shows no count; left out: nobody keeps it. */
  balance?(seen: BalanceSight): Promise<void>;
}

export interface WatchedSession extends MeterSession {
  readonly relaySeen: SightInHand;
}

export function watched(session: MeterSession, watcher: Watcher): WatchedSession {
  return {
    relaySeen: watcher.relay,
    meter: session.meter,
    get evidence() {
      return session.evidence;
    },
    get isWanted() {
      return session.isWanted === true;
    },
    money: session.money,
    readIdentity: () => session.readIdentity(),
    readWallet: async () => {
      const wallet = await session.readWallet();
      await watcher.wallet(wallet);
      return wallet;
    },
    readLastPurchase: () => session.readLastPurchase(),
    readRelay: async () => {
      const picture = await session.readRelay();
      watcher.relay.see(picture);
      return picture;
    },
    readTripDelayMinutes: () => session.readTripDelayMinutes(),
    read: (items, source, inParts) => session.read(items, source, inParts),
    topUp: (purchase, options) => session.topUp(purchase, options),
    readBalance: async () => {
      const seen = await session.readBalance();
      await watcher.balance?.(seen);
      return seen;
    },
    vendorTopUp: (purchase, options) => session.vendorTopUp(purchase, options),
    readRefund: (age) => session.readRefund(age),
    refund: (order, options) => session.refund(order, options),
    forgetProof: () => session.forgetProof(),
    resetWallet: (options) => session.resetWallet(options),
    switchToRemote: (wallet, options) => session.switchToRemote(wallet, options),
    orderRelay: (order, options) => session.orderRelay(order, options),
    readClock: () => session.readClock(),
    writeSecured: (di, data, options) => session.writeSecured(di, data, options),
    setClock: (way, lookedAt, options) => session.setClock(way, lookedAt, options),
    readTariff: (extent) => session.readTariff(extent),
    freeze: (when, options) => session.freeze(when, options),
    close: () => session.close(),
  };
}
