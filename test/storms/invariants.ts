/**
 * What must be true when the weather is calm again and everything has come to rest. Read from the meters and from rows, and from what
 * people were told; never from the gateway's own opinion.
 */
import { isOpen, type Command } from "../../src/commands/command.ts";
import { parseYuan, yuan } from "../../src/kernel/money.ts";
import type { People } from "./people.ts";
import { PRICE } from "./site.ts";
import { amountOf, type Truth } from "./truth.ts";
import type { World } from "./world.ts";

export function lookAtEverything(world: World, people: People): void {
  everyCommandHasEnded(world);
  everybodyWasAnswered(world, people);
  everyPaymentIsOneRow(world);
  everyEntrySumsToNothing(world);
  purchasesFitTheirCommands(world);
  theMoneyIsThere(world);
  whoeverPaysHasPower(world);
}

function everyCommandHasEnded({ database, truth }: World): void {
  for (const { command } of database.books.commands.all(null))
    if (isOpen(command.state))
      truth.violated(
        "after calm weather every command has ended",
        command.id,
        `${command.kind} is ${command.state}, waiting for ${command.waitingFor}`,
      );
}

function everybodyWasAnswered({ truth }: World, people: People): void {
  if (people.waiting > 0)
    truth.violated("everybody is answered in the end", "-", `${people.waiting} payments wait for an answer`);
}

/** What somebody was told is taken, stands in the books once, and nothing stands there that nobody was told of. */
function everyPaymentIsOneRow({ database, truth }: World): void {
  const rows = database.books.payments.all(null);
  for (const [order, { account, amount }] of truth.paidIn) {
    const fits = rows.filter(
      (row) => `${row.channel}/${row.orderId}` === order && row.account === account && row.amount === amount,
    );
    if (fits.length !== 1) truth.violated("a payment is taken once for ever", order, `${fits.length} rows for ${yuan(amount)}`);
  }
  for (const row of rows)
    if (!truth.paidIn.has(`${row.channel}/${row.orderId}`))
      truth.violated("nothing is taken without an answer", row.id, `${row.channel}/${row.orderId}`);
}

function everyEntrySumsToNothing({ database, truth }: World): void {
  const closed = new Set<string>();
  for (const { id, entry } of database.books.entries.all(null)) {
    const sum = entry.legs.reduce((all, { amount }) => all + amount, 0n);
    if (sum !== 0n) truth.violated("every entry sums to nothing", String(id), `${entry.kind}: ${yuan(sum)}`);
    if (entry.closes === null) continue;
    if (closed.has(entry.closes)) truth.violated("a hold ends once", entry.closes, "it was closed twice");
    closed.add(entry.closes);
  }
}

/**
 * Confirmed: obeyed once. Given back: not obeyed. That none was obeyed twice was looked at when it happened. Who was refused his money may
 * ask for it again: of all who asked for the same, as many were obeyed as are confirmed, and beyond them at most those that are open or
 * that a person has to decide.
 */
function purchasesFitTheirCommands(world: World): void {
  const { database, truth } = world;
  const adding = database.books.commands
    .all(null)
    .map(({ command }) => command)
    .filter(({ effect }) => effect === "adds");
  for (const same of Map.groupBy(adding, (each) => `${each.kind}/${each.meter}/${amountOf(each)}`).values()) {
    const [first] = same;
    const obeyed = truth.timesObeyed(first!);
    if (purchasesFit(same, obeyed)) continue;
    const told = same.map(({ state, because }) => `${state} (${because})`).join(", ");
    truth.violated(
      "what is confirmed was obeyed, what is given back was not",
      first!.id,
      `${told}, obeyed ${obeyed} times: ${yuan(amountOf(first!))}`,
    );
  }
}

/** One that nobody has decided says nothing of the others. */
export function purchasesFit(same: readonly Pick<Command, "state">[], obeyed: number): boolean {
  const confirmed = same.filter(({ state }) => state === "confirmed").length;
  const undecided = same.filter(({ state }) => isOpen(state) || state === "disputed").length;
  return confirmed <= obeyed && obeyed <= confirmed + undecided && obeyed <= 1;
}

/** Null, or why there was no reason to give this command up to a person. */
export function noCauseOf({ because, meter, state }: Command, truth: Truth): string | null {
  if (because === null) return `it is ${state} and does not say why`;
  if (truth.doubtful.has(meter)) return null;
  return `${because}, and nothing happened to ${meter} that would hide the truth`;
}

/** Opening + paid in + moved by others = on the meters + available + held + consumed, for each account; in remote mode to the fen of each day. */
function theMoneyIsThere(world: World): void {
  const { site, truth, database, street } = world;
  const { books } = database;
  const paid = new Map<string, bigint>();
  for (const { account, amount } of truth.paidIn.values()) paid.set(account, (paid.get(account) ?? 0n) + amount);
  for (const plan of site.meters) {
    const account = plan.address.slice(2);
    const position = (book: string): bigint => books.positions.find(null, `${book}/${account}`)?.amount ?? 0n;
    const meter = street.meter(plan.address);
    meter.settle();
    const { wallet } = meter;
    const isRemote = site.remote.has(plan.address as never);
    const opening = isRemote ? 0n : parseYuan(plan.balance!, "balance");
    const moved = truth.foreign.get(plan.address) ?? 0n;
    const onMeter = isRemote ? 0n : wallet.balance - wallet.overdraft;
    const consumed = isRemote ? costOf(meter.energySteps - parseYuan(plan.energyKwh!, "energy")) : wallet.consumed;
    const paidIn = (paid.get(account) ?? 0n) - givenBack(world, account);
    const [available, held] = [position("available"), position("held")];
    const twice = inTwoPlaces(world, plan.address);
    const difference = opening + paidIn + moved - (onMeter + available + held - twice + consumed);
    const allowed = isRemote ? BigInt(books.billedDays.in(null, "account", account).length + 1) : 0n;
    if (difference > allowed || -difference > allowed)
      truth.violated(
        "opening + paid in = on meters + available + held + consumed",
        plan.address,
        `${yuan(opening)} + ${yuan(paidIn)} + ${yuan(moved)} by others ≠ ${yuan(onMeter)} + ${yuan(available)} + ${yuan(held)} − ${yuan(twice)} in two places + ${yuan(consumed)}; difference ${yuan(difference)}`,
      );
  }
}

/** Of commands that nobody can vouch for, and that were obeyed: held and on the meter, or neither there nor paid out, until a person decides. */
function inTwoPlaces({ database, truth }: World, meter: string): bigint {
  return database.books.commands
    .in(null, "meter", meter)
    .filter(({ command }) => command.effect === "adds" && command.state === "disputed" && truth.timesObeyed(command) > 0)
    .reduce((sum, { command }) => (command.kind === "refund" ? sum - amountOf(command) : sum + amountOf(command)), 0n);
}

/** What went back to whoever paid it. */
const givenBack = ({ database }: World, account: string): bigint =>
  database.books.payments
    .in(null, "account", account)
    .reduce((sum, { state, amount }) => (state === "refunded" ? sum + amount : sum), 0n);

/** Steps of 0.01 kWh at 1/10,000 yuan per kWh, to the nearest fen. */
const costOf = (steps: bigint): bigint => (steps * BigInt(PRICE.replace(".", "")) + 5_000n) / 10_000n;

function whoeverPaysHasPower(world: World): void {
  for (const { address, text } of withoutPower(world)) world.truth.violated("whoever is in credit has power", address, text);
}

/**
 * Remote accounts in credit, which no person has cut, whose relay stands open and cannot be closed at its button. A restore that the meter
 * refused for its password waits for six hours, so right after the weather there may be some.
 */
export function withoutPower({ site, database, street }: World): readonly { readonly address: string; readonly text: string }[] {
  const { books } = database;
  return [...site.remote].flatMap((address) => {
    const row = books.meters.find(null, address)!;
    const { relay, cutBy, identity } = row.book;
    const available = books.positions.find(null, `available/${row.book.account}`)?.amount ?? 0n;
    if (available <= 0n || cutBy === "person" || identity !== "confirmed") return [];
    if (street.meter(address).relay.state !== "disconnected") return [];
    return [{ address, text: `${yuan(available)}, and the relay is open; the books say ${relay}, cut by ${cutBy}` }];
  });
}
