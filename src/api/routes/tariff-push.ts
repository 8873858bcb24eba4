/**
 * Tariffs in meters that deduct by themselves: what a meter has beside what the site file says, a version pushed into one meter, and
 * into all meters of a tariff. Each meter's push is a command of its own; a push of many only names them together.
 */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Fault, isFault } from "../../kernel/faults.ts";
import { CommandId, MeterAddress } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Command } from "../../commands/command.ts";
import { meterModels } from "../../devices/meter-models.ts";
import { Priority, type MeterRecord } from "../../devices/meter.ts";
import { orderOf, type TariffOrder } from "../../devices/meter-tariff/order.ts";
import { tellTariff, type ToldTariff } from "../../devices/meter-tariff/told.ts";
import type { Tariff } from "../../tariff/tariff.ts";
import { problemOfItem, sideBySide } from "../batches.ts";
import type { ApiParts } from "../books.ts";
import { writeInParts, writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import { commandsOf, pushNamed } from "../tariff-pushes.ts";
import type { Views } from "../views.ts";

const day = z.iso.date().describe("the day of the site's zone that the version begins on, as in the site file");
const wish = {
  from: day,
  replacePending: z.boolean().default(false).describe("take back a switch to another tariff first"),
  reason: shape.reasonText,
};
const one = z.strictObject({ tariff: z.string(), ...wish });
const many = z.strictObject(wish);
const told = z.object({
  meter: z.string(),
  clock: z.string().nullable(),
  running: z.object({ zones: z.number().nullable(), slots: z.number().nullable() }),
  tariff: z.string().nullable(),
  from: z.string().nullable(),
  agrees: z.boolean().nullable().describe("null: the site file has no tariff for it"),
  items: z.array(
    z.object({
      item: z.string(),
      name: z.string(),
      title: z.string(),
      zh: z.string(),
      set: z.enum(["running", "spare", "switch", "both"]),
      value: z.string().nullable(),
      should: z.string().nullable(),
      differs: z.boolean(),
    }),
  ),
});
const pushed = z.object({ meter: z.string(), command: shape.command.nullable(), problem: shape.problem.nullable() });
const progress = z.object({
  push: z.string(),
  tariff: z.string(),
  from: z.string(),
  meters: z.number(),
  ended: z.number(),
  states: z.record(z.string(), z.number()),
  items: z.array(pushed),
});
/** Accounts are read by pages of this many. */
const PAGE = 1_000;

export function tariffPushRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  const known = (text: string): MeterRecord => {
    const record = parts.street.meter(MeterAddress(text));
    if (record === undefined) throw new Fault("unknown-meter", { meter: text });
    return record;
  };
  const orderFor = (id: string, from: string): TariffOrder => {
    const tariff = parts.tariffs.get(id);
    const version = tariff?.versions.find((each) => each.from === from);
    if (tariff === undefined) throw new Fault("unknown-tariff", { tariff: id, allowed: [...parts.tariffs.keys()] });
    if (version === undefined)
      throw new Fault("unknown-tariff", { tariff: id, from, allowed: tariff.versions.map((each) => each.from) });
    return orderOf(tariff, version);
  };
  interface Asked {
    readonly order: TariffOrder;
    readonly push: string | null;
    readonly replacePending: boolean;
    readonly reason: string;
    readonly actor: string;
  }
  const accept = async (tx: Transaction, { address, account, model }: MeterRecord, asked: Asked): Promise<Command> => {
    const { wallet, keys, money } = meterModels[model];
    const why = !wallet ? "this model has no wallet" : !keys || money.unit !== "yuan" ? "nobody here can write its tariff" : null;
    if (why !== null) throw new Fault("not-supported", { meter: address, model, why });
    const { order, push, replacePending } = asked;
    return parts.service.accept(tx, {
      ...{ kind: "tariff-set", meter: address, account, payment: null, askedBy: "person", reason: asked.reason },
      params: { order, replacePending, ...(push === null ? {} : { push }) },
      askedByName: asked.actor,
      needsApproval: parts.tariffPush.approval === "two-persons",
    });
  };

  typed.post(
    "/v1/meters/:address/tariff",
    {
      schema: {
        tags: ["tariffs"],
        summary: "Write a version of a tariff into the meter's spare set; it takes over at the midnight of its day",
        params: shape.addressParam,
        headers: shape.writeHeaders,
        body: one,
        response: { 202: z.object({ command: shape.command }), 403: shape.problem, 404: shape.problem, 409: shape.problem },
      },
    },
    (request, reply) => {
      const record = known(request.params.address);
      const { tariff, from, replacePending, reason } = request.body;
      const order = orderFor(tariff, from);
      const asked = { order, push: null, replacePending, reason, actor: request.actor };
      return writeOnce(parts, request, reply, 202, async (tx) => ({ command: views.command(await accept(tx, record, asked)) }));
    },
  );

  typed.get(
    "/v1/meters/:address/tariff",
    {
      schema: {
        tags: ["tariffs"],
        summary: "Both sets as the meter has them, read now, beside what the site file says",
        description:
          "Some dozens of reads: about 12.5 s of a line at 2400 baud, and longer where others use it; wait for the answer.",
        params: shape.addressParam,
        response: { 200: told, 404: shape.problem, 409: shape.problem },
      },
    },
    async (request) => {
      const record = known(request.params.address);
      const tariff = await tariffOf(record);
      const session = await parts.street.session(record.address, { priority: Priority.person });
      try {
        await parts.identities.mustBeOurs(session);
        const picture = await session.readTariff("everything");
        return answerOf(record, tellTariff(picture, tariff, { meter: record.address, model: record.model }));
      } finally {
        await session.close();
      }
    },
  );

  typed.post(
    "/v1/tariffs/:id/push",
    {
      schema: {
        tags: ["tariffs"],
        summary: "Write a version into every meter that deducts by it; each meter's own command, told together",
        params: z.object({ id: z.string() }),
        headers: shape.writeHeaders,
        body: many,
        response: { 202: progress, 403: shape.problem, 404: shape.problem, 409: shape.problem },
      },
    },
    (request, reply) => {
      const { id } = request.params;
      const { from, replacePending, reason } = request.body;
      const order = orderFor(id, from);
      const one = async (record: MeterRecord, push: string, ordered: ReadonlyMap<string, Command>): Promise<Item> => {
        const meter = record.address;
        try {
          const asked = { order, push, replacePending, reason, actor: request.actor };
          const command =
            ordered.get(meter) ?? (await parts.transactor.transact((tx) => accept(tx, record, asked), { actor: request.actor }));
          return { meter, command: views.command(command), problem: null };
        } catch (error) {
          const twin = isFault(error, "tariff-under-way") ? await commandNamedIn(error) : null;
          if (twin?.params["push"] === push) return { meter, command: views.command(twin), problem: null };
          return { meter, command: null, problem: problemOfItem(error) };
        }
      };
      return writeInParts(parts, request, reply, 202, {
        mark: () => pushNamed({ tariff: id, from, at: parts.clock.now(), id: parts.newId() }),
        work: async (push) => {
          // Of a request with the same key that died, or is at it just now: what was ordered is not ordered again.
          const ordered = new Map(
            (await commandsOf(parts.commandStore, push)).map((command) => [command.meter as string, command]),
          );
          const items = await sideBySide(await metersOf(id), (record) => one(record, push, ordered));
          return summary({ push, tariff: id, from }, items);
        },
      });
    },
  );

  typed.get(
    "/v1/tariffs/:id/push/:push",
    {
      schema: {
        tags: ["tariffs"],
        summary: "How far a push has come",
        params: z.object({ id: z.string(), push: z.string() }),
        response: { 200: progress, 404: shape.problem },
      },
    },
    async (request) => {
      const { id, push } = request.params;
      const commands = await commandsOf(parts.commandStore, push);
      const [first] = commands;
      const order = first?.params["order"] as TariffOrder | undefined;
      if (order === undefined || order.tariff !== id) throw new Fault("not-found", { tariff: id, push });
      const { from } = order;
      return summary(
        { push, tariff: id, from },
        commands.map((command) => ({ meter: command.meter, command: views.command(command), problem: null })),
      );
    },
  );

  async function tariffOf({ account }: MeterRecord): Promise<Tariff | null> {
    const book = account === null ? null : await parts.meterStore.account(null, account);
    return book === null ? null : (parts.tariffs.get(book.tariff) ?? null);
  }

  /** Of local-mode accounts with this tariff. */
  async function metersOf(tariff: string): Promise<readonly MeterRecord[]> {
    const found: MeterRecord[] = [];
    for (let after: Parameters<ApiParts["meterStore"]["accounts"]>[0]["after"] = null; ;) {
      const page = await parts.meterStore.accounts({ limit: PAGE, after });
      for (const { mode, tariff: own, meter } of page) {
        const record = meter === null || mode !== "local" || own !== tariff ? undefined : parts.street.meter(meter);
        if (record !== undefined) found.push(record);
      }
      if (page.length < PAGE) return found;
      after = page.at(-1)!.account;
    }
  }

  async function commandNamedIn({ context }: Fault): Promise<Command | null> {
    const { command } = context;
    return typeof command === "string" ? parts.commandStore.find(null, CommandId(command)) : null;
  }
}

type Item = z.output<typeof pushed>;
function summary(
  about: { readonly push: string; readonly tariff: string; readonly from: string },
  items: readonly Item[],
): z.output<typeof progress> {
  const states: Record<string, number> = {};
  const stateOf = ({ command }: Item): string =>
    command === null ? "not-accepted" : (command as { readonly state: string }).state;
  for (const item of items) states[stateOf(item)] = (states[stateOf(item)] ?? 0) + 1;
  const open = ["accepted", "queued", "sending", "verifying"].reduce((sum, state) => sum + (states[state] ?? 0), 0);
  return { ...about, meters: items.length, ended: items.length - open, states, items: [...items] };
}

const answerOf = ({ address }: MeterRecord, { items, ...rest }: ToldTariff): z.output<typeof told> => ({
  meter: address,
  ...rest,
  items: [...items],
});
