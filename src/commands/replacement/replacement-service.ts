/**
 * What a person may say to a replacement: begin it, give the old meter's last readings, carry the balance over again, abandon it. What
 * happens by itself in between stands in replacement-steps.ts.
 *
 * From its beginning on nothing is ordered of the old meter and no money taken for it; so what is under way has to have ended before.
 */
import { Fault } from "../../kernel/faults.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import { parseYuan, yuan, type Fen } from "../../kernel/money.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import { meterModels } from "../../devices/meter-models.ts";
import type { MeterRecord } from "../../devices/meter.ts";
import { cannotDo } from "../../devices/model-for-rules.ts";
import { isUnsent } from "../command.ts";
import type { CommandService } from "../command-service.ts";
import type { AccountBook, MeterBook } from "../command-store.ts";
import { apply, type ConclusionParts } from "../conclusion.ts";
import { noMoneyUnderWay } from "../money-under-way.ts";
import type { RulesAsking } from "../new-meters.ts";
import { carryOver } from "./carry-over.ts";
import type { BookedMeter, Replacement, ReplacementStore, SeenReadings } from "./replacement.ts";

export interface ReplacementWish {
  readonly newMeter: Omit<BookedMeter, "account">;
  readonly given: SeenReadings | null;
  readonly reason: string;
  readonly askedByName: string;
}

export interface ReplacementServiceParts extends ConclusionParts {
  readonly replacements: ReplacementStore;
  readonly service: CommandService;
  readonly buses: ReadonlySet<string>;
  /** The most that may be paid at once: more is not carried over on one person's word either. */
  readonly cap: Fen;
  /** By which rules the account is cut and restored: the new meter has to know their orders. */
  readonly asks: RulesAsking;
  readonly newId: () => string;
}

export class ReplacementService {
  readonly #parts: ReplacementServiceParts;

  constructor(parts: ReplacementServiceParts) {
    this.#parts = parts;
  }

  /** Begins it; said again for the same two meters it adds the readings that a person gives now. */
  async begin(tx: Transaction, old: MeterRecord, wish: ReplacementWish): Promise<Replacement> {
    const { replacements, clock, outbox, meters } = this.#parts;
    const { newMeter, given, reason, askedByName } = wish;
    if (newMeter.address === old.address) throw conflict("newMeter.address", "it is the old one's");
    this.#mustBeWithinCap(given);
    const [book, known] = await this.#lockBoth(tx, old.address, newMeter.address);
    if (book === null) throw new Fault("unknown-meter", { meter: old.address });
    if (book.replacedBy != null) throw new Fault("meter-replaced", { meter: old.address, by: book.replacedBy });
    const running = await replacements.openOf(tx, old.address);
    if (running !== null) return this.#goOn(tx, running, wish);
    await this.#mayTakePlace(tx, known, newMeter);
    const account = book.account === null ? null : await meters.account(tx, book.account);
    const mode = account?.mode ?? null;
    this.#mustFit(account, newMeter);
    mustSayEnough(mode, given);
    await this.#endWhatIsOpen(tx, book);
    const replacement: Replacement = {
      ...{ id: this.#parts.newId(), oldMeter: old.address, newMeter: newMeter.address, account: book.account, mode },
      ...{ step: "begun", waitingFor: null, given, final: null, begin: null, carried: null, command: null },
      ...{ askedByName, reason, createdAt: clock.now(), movedAt: null, endedAt: null },
    };
    await replacements.bringNew(tx, { ...newMeter, account: null });
    await replacements.insert(tx, replacement);
    await replacements.setBeingReplaced(tx, old.address, true);
    await outbox.announce(tx, { type: "meter", address: old.address });
    return replacement;
  }

  /** Only while nothing was moved. */
  async abandon(tx: Transaction, id: string): Promise<Replacement> {
    const { replacements, clock, outbox } = this.#parts;
    const found = await this.#locked(tx, id);
    if (found.endedAt !== null || found.step === "moved")
      throw conflict("id", `it is ${found.step}: the account has gone over, and there is no way back`);
    const change = { step: "abandoned", waitingFor: null, endedAt: clock.now() } as const;
    await replacements.change(tx, id, change);
    await replacements.setBeingReplaced(tx, found.oldMeter, false);
    await outbox.announce(tx, { type: "meter", address: found.oldMeter });
    return { ...found, ...change };
  }

  /** The command that carried the balance ended without effect, and the money is the account's again: once more. */
  async carryAgain(tx: Transaction, id: string): Promise<Replacement> {
    const found = await this.#locked(tx, id);
    const command = found.command === null ? null : await this.#parts.commands.find(tx, found.command);
    const endedInVain = command !== null && ["refused", "expired", "cancelled"].includes(command.state);
    if (found.step !== "moved" || !endedInVain)
      throw conflict("id", `it is ${found.step}, and its command ${command?.state ?? "none"}: there is nothing to carry again`);
    return carryOver(this.#parts, tx, found, { amount: found.carried!, cameInNow: false });
  }

  /** The meters' rows first, in order of addresses, then the replacement's: locks in one order. */
  async #locked(tx: Transaction, id: string): Promise<Replacement> {
    const known = await this.#parts.replacements.find(null, id);
    if (known === null) throw new Fault("unknown-replacement", { replacement: id });
    await this.#lockBoth(tx, known.oldMeter, known.newMeter);
    return (await this.#parts.replacements.find(tx, id)) ?? known;
  }

  async #lockBoth(tx: Transaction, a: MeterAddress, b: MeterAddress): Promise<[MeterBook | null, MeterBook | null]> {
    const { meters } = this.#parts;
    const books = new Map<MeterAddress, MeterBook | null>();
    for (const address of [a, b].sort()) books.set(address, await meters.meter(tx, address));
    return [books.get(a) ?? null, books.get(b) ?? null];
  }

  async #goOn(tx: Transaction, running: Replacement, { newMeter, given }: ReplacementWish): Promise<Replacement> {
    if (running.newMeter !== newMeter.address)
      throw conflict(
        "newMeter.address",
        `${running.oldMeter} is being replaced by ${running.newMeter} already; abandon that first`,
      );
    if (given === null || running.step === "moved") return running;
    mustSayEnough(running.mode, given);
    await this.#parts.replacements.change(tx, running.id, { given, waitingFor: null });
    return { ...running, given, waitingFor: null };
  }

  /** What a silent meter held is seen by whoever types it, and becomes money in the new one. */
  #mustBeWithinCap(given: SeenReadings | null): void {
    const { cap } = this.#parts;
    if (given?.balance == null || parseYuan(given.balance, "finalBalance") <= cap) return;
    throw new Fault("amount-above-cap", { field: "finalBalance", amount: given.balance, cap: yuan(cap) });
  }

  /** By the books: this process may still hold in hand what hangs there no more, or not yet what another gateway has brought. */
  async #mayTakePlace(tx: Transaction, known: MeterBook | null, { address, bus }: ReplacementWish["newMeter"]): Promise<void> {
    const { replacements, buses } = this.#parts;
    if (!(await replacements.isFree(tx, address)))
      throw conflict("newMeter.address", "this meter hangs on the street already, or is taking another one's place");
    if (known?.replacedBy != null)
      throw conflict("newMeter.address", `it was replaced itself, by ${known.replacedBy}; give it another address first`);
    if (!buses.has(bus)) throw conflict("newMeter.bus", `no bus has this id; there are: ${[...buses].join(", ")}`);
  }

  #mustFit(account: AccountBook | null, { model }: ReplacementWish["newMeter"]): void {
    const mode = account?.mode ?? null;
    if (mode === "local" && !meterModels[model].wallet)
      throw conflict(
        "newMeter.model",
        `the account keeps its money in the meter, and a ${model} has no wallet: switch it to remote first`,
      );
    if (mode === "local" && meterModels[model].money.purchase === "token")
      throw conflict(
        "newMeter.model",
        `the old wallet's rest is topped up, and a ${model} takes nothing but tokens that were bought`,
      );
    const [what] = cannotDo(model, mode, this.#parts.asks(account?.account ?? null, account?.class ?? "residential"));
    if (what !== undefined) throw conflict("newMeter.model", what);
  }

  /** Money has to have ended, and so has what is on the wire; what has not left is taken back. */
  async #endWhatIsOpen(tx: Transaction, book: MeterBook): Promise<void> {
    const { commands } = this.#parts;
    const now = this.#parts.clock.now();
    const found = await commands.lockOpen(tx, book.address);
    // A dead meter's tariff is looked after until its switch, weeks beyond its deadline: off the wall it can do no harm.
    const lookedAfter = found.filter(
      ({ effect, state, notAfter }) => effect === "sets" && state === "verifying" && now > notAfter,
    );
    const open = found.filter((command) => !lookedAfter.includes(command));
    noMoneyUnderWay(book, [...open, ...(await commands.list({ meter: book.address, state: "disputed", limit: 10 }))]);
    const sent = open.filter(({ state }) => !isUnsent(state));
    if (sent.length > 0)
      throw conflict(
        "meter",
        `an order is on its way to it: ${sent.map(({ id, kind }) => `${kind} ${id}`).join(", ")}; wait for its end`,
      );
    for (const command of open) await apply(this.#parts, tx, command, { type: "cancel", because: "replaced" });
    for (const command of lookedAfter) await apply(this.#parts, tx, command, { type: "nobody-can-tell", because: "replaced" });
  }
}

/** What has to be known of an old meter before its money can move. */
function mustSayEnough(mode: Replacement["mode"], given: SeenReadings | null): void {
  if (given === null) return;
  if (mode === "remote" && given.energy === null) throw conflict("finalReading", "the last energy has to be billed; give it");
  if (mode === "local" && given.balance === null) throw conflict("finalBalance", "its wallet goes on with the account; give it");
}

const conflict = (field: string, why: string): Fault => new Fault("replacement-conflict", { field, why });
