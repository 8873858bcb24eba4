/**
 * The books of commands in memory, for worlds that live on a clock of their own: a database would make real time pass. They keep
 * the promises that the runner builds on (fences, one command that adds on the wire, newer orders first), as test/stores proves
 * them of PostgreSQL. One process, no transactions to roll back: a write stands when it is made.
 */
import type { Attempt, Command, CommandKind, CommandState } from "../../src/commands/command.ts";
import { isOpen } from "../../src/commands/command.ts";
import type { CommandChange, CommandStore, MeterBook, MeterStore, PaymentStore } from "../../src/commands/command-store.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import { relayStateOf } from "../../src/devices/meter.ts";
import type { Announcement, Outbox } from "../../src/kernel/events.ts";
import { later, seconds, type Clock, type Instant } from "../../src/kernel/clock.ts";
import type { CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import type { Transaction, Transactor } from "../../src/kernel/transaction.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";

interface Row {
  command: Command;
  lookAt: Instant | null;
  attempts: Attempt[];
}

const TX = {} as Transaction;
const WAITING_FOR_THE_METER: readonly (string | null)[] = ["meter-online", "line", "silence"];
const present = async <T>(value: T): Promise<T> => Promise.resolve(value);

export class BooksInMemory {
  readonly announced: Announcement[] = [];
  /** What became of the money of each command. */
  readonly money = new Map<string, "settled" | "released">();
  readonly transactor: Transactor = { transact: (work) => work(TX) };
  readonly commands: CommandStore;
  readonly meters: MeterStore;
  readonly outbox: Outbox;
  readonly payments = { setState: () => Promise.resolve() } as unknown as PaymentStore;
  readonly ledger: Ledger;
  readonly #clock: Clock;
  readonly #rows = new Map<CommandId, Row>();
  readonly #meters: Map<MeterAddress, MeterBook>;

  constructor(clock: Clock, records: readonly MeterRecord[], onWake: (command: CommandId) => void) {
    this.#clock = clock;
    this.#meters = new Map(records.map((record) => [record.address, bookOf(record)]));
    this.commands = this.#commandStore();
    this.meters = this.#meterStore();
    this.outbox = {
      announce: (_tx, event) => present(void this.announced.push(event)),
      wake: (_tx, command) => {
        onWake(command);
        return present(undefined);
      },
    };
    const close = (how: "settled" | "released") => (_tx: Transaction, hold: { readonly hold: string }) => {
      if (this.money.has(hold.hold)) return present("repeated" as const);
      this.money.set(hold.hold, how);
      return present("posted" as const);
    };
    this.ledger = { settle: close("settled"), release: close("released") } as unknown as Ledger;
  }

  command(id: CommandId): Command {
    return this.#rows.get(id)!.command;
  }

  #commandStore(): CommandStore {
    const rows = this.#rows;
    const all = () => [...rows.values()];
    const patch = (row: Row, { lookAt, ...change }: CommandChange): void => {
      row.command = { ...row.command, ...change };
      if (lookAt !== undefined) row.lookAt = lookAt;
    };
    return {
      insert: (_tx, command) =>
        present(void rows.set(command.id, { command, lookAt: later(command.createdAt, seconds(10)), attempts: [] })),
      find: (_tx, id) => present(rows.get(id)?.command ?? null),
      list: () => present(all().map(({ command }) => command)),
      attempts: (id) => present(rows.get(id)!.attempts),
      lastAttempt: (id) => present(rows.get(id)!.attempts.at(-1) ?? null),
      take: (id) => {
        const row = rows.get(id);
        if (row === undefined || !isOpen(row.command.state)) return present(null);
        const { state, waitingFor, fence } = row.command;
        const unsent = state === "accepted" || state === "queued";
        patch(row, { lookAt: later(this.#clock.now(), seconds(60)), ...(unsent ? { waitingFor: waitingFor ?? "line" } : {}) });
        row.command = { ...row.command, fence: fence + 1, state: state === "accepted" ? "queued" : state };
        return present(row.command);
      },
      lockOpen: (_tx, meter) =>
        present(all().flatMap(({ command }) => (command.meter === meter && isOpen(command.state) ? [command] : []))),
      change: (_tx, id, fence, from, change) => {
        const row = rows.get(id);
        if (row === undefined || row.command.fence !== fence || !from.includes(row.command.state)) return present(false);
        patch(row, change);
        return present(true);
      },
      beginAttempt: (_tx, id, fence, attempt, rivals) => {
        const row = rows.get(id);
        if (row?.command.fence !== fence || !["accepted", "queued", "verifying"].includes(row.command.state))
          return present("lost");
        const { meter, effect } = row.command;
        const others = all().flatMap(({ command }) => (command.meter === meter && command.id !== id ? [command] : []));
        const busy: readonly CommandState[] = ["sending", "verifying", "disputed"];
        if (effect === "adds" && others.some((other) => other.effect === "adds" && busy.includes(other.state)))
          return present("blocked");
        const gone: readonly CommandState[] = ["cancelled", "expired", "refused"];
        if (others.some((other) => other.id > id && rivals.includes(other.kind) && !gone.includes(other.state)))
          return present("superseded");
        patch(row, { state: "sending", waitingFor: null, sentAt: attempt.at });
        row.attempts.push({ ...attempt });
        return present("begun");
      },
      endAttempt: (_tx, id, fence, number, outcome) => {
        const row = rows.get(id)!;
        if (row.command.fence === fence)
          row.attempts = row.attempts.map((attempt) => (attempt.number === number ? { ...attempt, outcome } : attempt));
        return present(undefined);
      },
      due: (now, limit) =>
        present(
          all()
            .filter(({ command, lookAt }) => isOpen(command.state) && lookAt !== null && lookAt <= now)
            .slice(0, limit)
            .map(({ command }) => command.id),
        ),
      wakeMeter: (meter, now) => {
        const woken = all().filter(
          ({ command }) => command.meter === meter && isOpen(command.state) && WAITING_FOR_THE_METER.includes(command.waitingFor),
        );
        for (const row of woken) patch(row, { lookAt: now, looks: 0 });
        return present(woken.map(({ command }) => command.id));
      },
      lastEnded: (_tx, meter, kinds: readonly CommandKind[]) =>
        present(
          all()
            .map(({ command }) => command)
            .findLast((command) => command.meter === meter && kinds.includes(command.kind) && !isOpen(command.state)) ?? null,
        ),
    };
  }

  #meterStore(): MeterStore {
    const patch = (address: MeterAddress, change: Partial<MeterBook>): Promise<void> =>
      present(void this.#meters.set(address, { ...this.#meters.get(address)!, ...change }));
    return {
      meter: (_tx, address) => present(this.#meters.get(address) ?? null),
      account: () => present(null),
      setIdentity: (_tx, address, identity, identityNote) => patch(address, { identity, identityNote }),
      setRelay: async (_tx, address, picture) => {
        const relay = relayStateOf(picture);
        const differs = this.#meters.get(address)!.relay !== relay;
        await patch(address, { relay, relayWord: picture.word, relayAt: picture.takenAt });
        return differs;
      },
      forgetRelayWish: (_tx, address) => patch(address, { relayDesired: null }),
      setCutBy: (_tx, address, cutBy) => patch(address, { cutBy }),
      setRelayWish: (_tx, address, relayDesired) => patch(address, { relayDesired }),
    };
  }
}

const bookOf = ({ address, account }: MeterRecord): MeterBook => ({
  address,
  account,
  identity: "unread",
  identityNote: null,
  relay: "unknown",
  relayWord: null,
  relayProtected: false,
  relayAt: null,
  relayDesired: null,
  cutBy: null,
});
