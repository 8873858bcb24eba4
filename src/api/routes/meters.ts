/** Meters: what the books and the line know of them, orders to their relay, and readings on demand. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { seconds } from "../../kernel/clock.ts";
import { Fault, isFault } from "../../kernel/faults.ts";
import { MeterAddress } from "../../kernel/ids.ts";
import type { Reading } from "../../kernel/reading.ts";
import type { CommandKind } from "../../commands/command.ts";
import type { CommandWish } from "../../commands/command-service.ts";
import { readForPerson } from "../../commands/person-reading.ts";
import { meterModels } from "../../devices/meter-models.ts";
import type { MeterRecord } from "../../devices/meter.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import { protectionOf } from "../permissions.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";
import { deadlineOf } from "./payments.ts";

/** A person waits this long for a reading; then it becomes a command that can be watched. */
const READ_WAIT_MS = seconds(6);

export function meterRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  const known = (text: string): MeterRecord => {
    const address = MeterAddress(text);
    const record = parts.street.meter(address);
    if (record === undefined) throw new Fault("unknown-meter", { meter: address });
    return record;
  };

  typed.get(
    "/v1/meters",
    {
      schema: {
        tags: ["meters"],
        summary: "Meters in use, by address",
        querystring: shape.pageQuery,
        response: { 200: shape.pageOf(shape.meter) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const books = (await parts.meterStore.all()).filter((book) => cursor === undefined || book.address > cursor);
      const page = books.slice(0, limit);
      const readings = Map.groupBy(await parts.readings.latestOf(page.map((book) => book.address)), (reading) => reading.meter);
      const items = page.flatMap((book) => {
        const record = parts.street.meter(book.address);
        return record === undefined
          ? []
          : [views.meter(record, book, parts.street.health(book.address), readings.get(book.address) ?? [])];
      });
      return { items, next: books.length > limit ? page.at(-1)!.address : null };
    },
  );

  typed.get(
    "/v1/meters/:address",
    {
      schema: {
        tags: ["meters"],
        summary: "One meter: relay, identity, health, newest readings",
        params: shape.addressParam,
        response: { 200: shape.meter, 404: shape.problem, 410: shape.problem },
      },
    },
    async (request) => {
      const asked = await parts.meterStore.meter(null, MeterAddress(request.params.address));
      if (asked?.replacedBy != null) throw new Fault("meter-replaced", { meter: asked.address, by: asked.replacedBy });
      const record = known(request.params.address);
      const book = asked;
      if (book === null) throw new Fault("unknown-meter", { meter: record.address });
      return views.meter(record, book, parts.street.health(record.address), await parts.readings.latestOf([record.address]));
    },
  );

  typed.post(
    "/v1/meters/:address/relay",
    {
      schema: {
        tags: ["meters"],
        summary: "Order the relay",
        params: shape.addressParam,
        headers: shape.writeHeaders,
        body: shape.relayBody,
        response: { 202: z.object({ command: shape.command }), 404: shape.problem, 409: shape.problem },
      },
    },
    (request, reply) => {
      const { address, account } = known(request.params.address);
      const { order, reason, minutes, then, notAfter } = request.body;
      return writeOnce(parts, request, reply, 202, async (tx) => ({
        command: views.command(
          await parts.service.accept(tx, {
            kind: order,
            meter: address,
            account,
            payment: null,
            params:
              order === "disconnect-for"
                ? { minutes, then: then ?? "reconnect" }
                : order === "protect"
                  ? protectionOf(request, parts.clock)
                  : {},
            askedBy: "person",
            askedByName: request.actor,
            reason,
            ...deadlineOf(notAfter),
          }),
        ),
      }));
    },
  );

  const ordered = { 202: z.object({ command: shape.command }), 404: shape.problem, 409: shape.problem };

  typed.post(
    "/v1/meters/:address/clock-set",
    {
      schema: {
        tags: ["meters"],
        summary: "Set its clock",
        params: shape.addressParam,
        headers: shape.writeHeaders,
        body: shape.clockSetBody,
        response: ordered,
      },
    },
    (request, reply) => {
      const record = known(request.params.address);
      const { way, reason } = request.body;
      return writeOnce(parts, request, reply, 202, async (tx) => ({
        command: views.command(await parts.service.accept(tx, wishOf(request, record, "clock-set", { way }, reason))),
      }));
    },
  );

  typed.post(
    "/v1/meters/:address/freeze",
    {
      schema: {
        tags: ["meters"],
        summary: "Freeze its values, now or at times",
        params: shape.addressParam,
        headers: shape.writeHeaders,
        body: shape.freezeBody,
        response: ordered,
      },
    },
    (request, reply) => {
      const record = known(request.params.address);
      const { when, reason } = request.body;
      return writeOnce(parts, request, reply, 202, async (tx) => ({
        command: views.command(await parts.service.accept(tx, wishOf(request, record, "freeze", { when }, reason))),
      }));
    },
  );

  typed.post(
    "/v1/buses/:bus/clock-set",
    {
      schema: {
        tags: ["meters"],
        summary: "Set the clocks of a whole bus: a command for each meter, of which the first broadcasts",
        params: shape.busParam,
        headers: shape.writeHeaders,
        body: shape.busClockSetBody,
        response: { 202: z.object({ commands: z.array(shape.command) }), 404: shape.problem },
      },
    },
    (request, reply) => {
      const { bus } = request.params;
      const { way, reason } = request.body;
      const records = parts.street.meters().filter((record) => record.bus === bus && hasClock(record));
      if (!parts.street.meters().some((record) => record.bus === bus)) throw new Fault("unknown-bus", { bus });
      return writeOnce(parts, request, reply, 202, async (tx) => {
        const commands = [];
        // in order of addresses, here as everywhere: two such requests must not wait for each other's meters
        for (const record of records.toSorted((a, b) => (a.address < b.address ? -1 : 1))) {
          if ((await parts.meterStore.meter(tx, record.address))?.identity === "quarantined") continue;
          commands.push(views.command(await parts.service.accept(tx, wishOf(request, record, "clock-set", { way }, reason))));
        }
        return { commands };
      });
    },
  );

  typed.post(
    "/v1/meters/:address/readings",
    {
      schema: {
        tags: ["meters"],
        summary: "Read now",
        params: shape.addressParam,
        body: shape.readingsBody,
        response: {
          200: z.object({ items: z.array(shape.reading) }),
          202: z.object({ command: shape.command }),
          409: shape.problem,
          504: shape.problem,
        },
      },
    },
    async (request, reply) => {
      const record = known(request.params.address);
      const readings = await readWithin(parts, record, request.body.items, READ_WAIT_MS);
      if (readings !== null) return { items: readings.map((reading) => views.reading(reading)) };
      const command = await parts.transactor.transact(
        (tx) =>
          parts.service.accept(tx, {
            kind: "read-now",
            meter: record.address,
            account: record.account,
            payment: null,
            params: { items: request.body.items },
            askedBy: "person",
            askedByName: request.actor,
            reason: "a person asked",
          }),
        { actor: request.actor },
      );
      return reply.status(202).send({ command: views.command(command) });
    },
  );
}

const hasClock = ({ model }: MeterRecord): boolean => meterModels[model].profile.items.date !== null;

const wishOf = (
  { actor }: Pick<FastifyRequest, "actor">,
  { address, account }: MeterRecord,
  kind: CommandKind,
  params: Readonly<Record<string, unknown>>,
  reason: string,
): CommandWish => ({ kind, meter: address, account, payment: null, params, askedBy: "person", reason, askedByName: actor });

/** Whoever holds the line runs the command that follows. */
function ofAnotherGateway(error: unknown): null {
  if (isFault(error, "line-not-ours")) return null;
  throw error;
}

/** The readings, or null when the line did not get to it in time, or is another gateway's. */
async function readWithin(
  parts: ApiParts,
  record: MeterRecord,
  items: readonly string[],
  waitMs: number,
): Promise<readonly Reading[] | null> {
  const late = new AbortController();
  const done = new AbortController();
  const reading = readForPerson(parts, record.address, items, late.signal);
  const slow = parts.clock.wait(waitMs, done.signal).then(() => null);
  try {
    const first = await Promise.race([reading.catch(ofAnotherGateway), slow]);
    if (first === null) {
      late.abort();
      reading.catch(() => undefined); // its own end is told by the command that follows
    }
    return first;
  } finally {
    done.abort();
  }
}
