/** Meters that are added while the house runs, one or a table of thousands; adding one again as it stands changes nothing. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Fault } from "../../kernel/faults.ts";
import { AccountId, BusId, MeterAddress } from "../../kernel/ids.ts";
import type { NewMeterOrder } from "../../commands/new-meters.ts";
import { complaintAbout, isModelName, meterModels } from "../../devices/meter-models.ts";
import { BATCH_BYTES_MAX, problemOfItem, sideBySide } from "../batches.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";

const digits12 = z.string().regex(/^\d{12}$/, "twelve digits");
const body = z.strictObject({
  address: z.string(),
  meterNumber: digits12.optional().describe("表号; left out: the address"),
  customerNumber: digits12.optional().describe("客户编号; left out: 00 and the last ten digits of the address"),
  account: z.string().optional().describe("户号; made where it does not exist"),
  bus: z.string(),
  model: z.string(),
  name: shape.words(80).optional().describe("of a new account"),
  class: shape.words(40).min(1).default("residential").describe("of a new account"),
  mode: z.enum(["local", "remote"]).optional().describe("of a new account; left out: local where the meter holds a wallet"),
  tariff: z.string().optional().describe("of a new account; left out: its class's, else the site's first"),
});
const standing = z.object({ address: z.string(), account: z.string().nullable(), bus: z.string(), model: z.string() });
const item = z.object({
  meter: standing.nullable(),
  what: z.enum(["added", "known"]).nullable(),
  problem: shape.problem.nullable(),
});

export function newMeterRoutes(app: FastifyInstance, parts: ApiParts): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { newMeters } = parts;
  const { service } = newMeters;

  typed.post(
    "/v1/meters",
    {
      schema: {
        tags: ["meters"],
        summary: "Add a meter",
        headers: shape.writeHeaders,
        body,
        response: { 201: item, 400: shape.problem, 404: shape.problem, 409: shape.problem },
      },
    },
    async (request, reply) => {
      const order = orderOf(request.body, parts.tariffOfClass, request.actor);
      const answer = await writeOnce(parts, request, reply, 201, async (tx) => ({
        meter: standingOf(order),
        what: await service.add(tx, order),
        problem: null,
      }));
      await newMeters.bring();
      return answer;
    },
  );

  typed.post(
    "/v1/meters/batch",
    {
      bodyLimit: BATCH_BYTES_MAX,
      schema: {
        tags: ["meters"],
        summary: "Add many meters, each by itself; or only check them",
        body: shape.batchBody,
        response: { 200: z.object({ items: z.array(item) }), 400: shape.problem },
      },
    },
    async (request) => {
      const { items, check } = request.body;
      const one = async (given: unknown): Promise<z.output<typeof item>> => {
        try {
          const order = orderOf(parsed(given), parts.tariffOfClass, request.actor);
          const what = check
            ? await service.examine(order)
            : await parts.transactor.transact((tx) => service.add(tx, order), { actor: request.actor });
          return { meter: standingOf(order), what, problem: null };
        } catch (error) {
          return { meter: null, what: null, problem: problemOfItem(error) };
        }
      };
      const answers = await sideBySide(items, one);
      if (!check) await newMeters.bring();
      return { items: answers };
    },
  );
}

function parsed(given: unknown): z.output<typeof body> {
  const read = body.safeParse(given);
  if (read.success) return read.data;
  const [first] = read.error.issues;
  throw new Fault("invalid-request", { field: first?.path.join(".") ?? "", problem: first?.message ?? "" });
}

function orderOf(given: z.output<typeof body>, tariffOfClass: (name: string) => string, by: string): NewMeterOrder {
  const address = MeterAddress(given.address);
  if (!isModelName(given.model))
    throw new Fault("invalid-request", { field: "model", given: given.model, problem: complaintAbout(given.model) });
  const account = given.account === undefined ? null : AccountId(given.account);
  return {
    meter: {
      address,
      meterNumber: given.meterNumber ?? address,
      customerNumber: given.customerNumber ?? `00${address.slice(2)}`,
      account,
      bus: BusId(given.bus, "bus"),
      model: given.model,
    },
    setting: {
      name: given.name ?? account ?? "",
      class: given.class,
      mode: given.mode ?? (meterModels[given.model].wallet ? "local" : "remote"),
      tariff: given.tariff ?? tariffOfClass(given.class),
    },
    by,
  };
}

const standingOf = ({ meter: { address, account, bus, model } }: NewMeterOrder): z.output<typeof standing> => ({
  address,
  account,
  bus,
  model,
});
