/**
 * The side door, over HTTP: look at meters, change them, press their button, break things, move the clock, read what passed on
 * the wires. For people with curl, for scripts and for the demonstration; it is no part of any protocol. A browser that asks for
 * `/` gets the street page (`control-page.ts`), which knows nothing but what this door says.
 * Arrays are bare. Errors are `{"error": sentence, "code", "field"?}` with 400 for what was asked wrongly and 404 for what is not there.
 */
import fastify from "fastify";
import type { AddressInfo } from "node:net";
import { Instant } from "../src/kernel/clock.ts";
import type { Clock } from "../src/kernel/clock.ts";
import { Fault, faults, isFault, reasonOf } from "../src/kernel/faults.ts";
import type { Logger } from "../src/kernel/log.ts";
import { checkedClockOrder, clockView, obeyClockOrder } from "./clock-door.ts";
import { pageRoutes } from "./control-page.ts";
import type { Endpoint } from "./endpoints/endpoint.ts";
import type { BusView } from "./control-watch.ts";
import { TIME_FORM, timeOf } from "./duration.ts";
import { faultMenu } from "./faults.ts";
import { checkedFault, snapshotOf } from "./meter-door.ts";
import { tariffTold } from "./tariff-told.ts";
import { checkedWeather } from "./weather-kinds.ts";
import { recordingRoutes } from "./recording/door.ts";
import { stateRoutes } from "./state/door.ts";
import type { Street } from "./street.ts";

interface MeterParams {
  Params: { address: string };
}
interface BusParams {
  Params: { id: string };
}
interface FaultParams {
  Params: { fault: string };
}

const busView = (street: Street, id: string): BusView => {
  const bus = street.bus(id);
  const endpoint = street.endpoints.find((e) => e.bus === id);
  return {
    id,
    kind: bus.plan.endpoint.kind,
    at: endpoint?.at ?? null,
    baud: bus.baud ?? null,
    answerDelayMs: bus.timing.answerDelayMs,
    meters: [...bus.meters.keys()],
    faults: bus.faults.standing,
  };
};

export async function openControl(
  street: Street,
  { port, host, log, clock }: { port: number; host: string; log: Logger; clock: Clock },
): Promise<Endpoint & { port: number }> {
  const app = fastify({ forceCloseConnections: true, logger: false });
  // Whatever the header says, a body is JSON, and none at all is fine: curl and fetch differ here, and neither is wrong.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : (JSON.parse(body.toString()) as unknown));
    } catch (error) {
      done(new Fault("invalid-request", { field: "body", because: reasonOf(error) }));
    }
  });
  app.setErrorHandler((error, _request, reply) => {
    if (isFault(error))
      return reply.code(faults[error.code].http).send({ error: sentenceOf(error), code: error.code, ...fieldOf(error) });
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) log.error({ error: reasonOf(error) }, "the control door stumbled");
    return reply.code(status).send({
      error: reasonOf(error),
      code: status < 500 ? "invalid-request" : "internal",
      ...(status < 500 ? { field: "body" } : {}),
    });
  });
  app.setNotFoundHandler((request) => {
    throw new Fault("not-found", { path: request.url });
  });

  app.get("/meters", () => [...street.meters.values()].map(snapshotOf));
  app.get<MeterParams>("/meters/:address", ({ params }) => street.snapshot(params.address));
  app.get<MeterParams>("/meters/:address/tariff", ({ params }) => {
    const meter = street.meter(params.address);
    meter.settle();
    return tariffTold(meter);
  });
  app.patch<MeterParams>("/meters/:address", ({ params, body }) => street.patch(params.address, body ?? {}));
  app.post<MeterParams>("/meters/:address/press-button", ({ params }) => {
    const restored = street.pressButton(params.address);
    return { ...street.snapshot(params.address), restored };
  });
  app.get<MeterParams>("/meters/:address/faults", ({ params }) => street.meter(params.address).faults.standing);
  app.post<MeterParams>("/meters/:address/faults", ({ params, body }) => {
    street.meter(params.address);
    return { id: street.setFault(params.address, checkedFault(body)) };
  });
  app.delete<MeterParams>("/meters/:address/faults", ({ params }) => {
    street.clearFaults(params.address);
    return { deleted: true };
  });
  app.delete<MeterParams & { Params: MeterParams["Params"] & FaultParams["Params"] }>(
    "/meters/:address/faults/:fault",
    ({ params }) => {
      if (!street.clearFaults(params.address, params.fault)) throw new Fault("not-found", { fault: params.fault });
      return { deleted: true };
    },
  );

  app.get("/buses", () => [...street.buses.keys()].map((id) => busView(street, id)));
  app.get<BusParams>("/buses/:id", ({ params }) => busView(street, params.id));
  app.post<BusParams>("/buses/:id/faults", ({ params, body }) => {
    street.bus(params.id);
    return { id: street.setBusFault(params.id, checkedFault(body)) };
  });
  app.delete<BusParams>("/buses/:id/faults", ({ params }) => {
    street.clearBusFaults(params.id);
    return { deleted: true };
  });
  app.delete<BusParams & { Params: BusParams["Params"] & FaultParams["Params"] }>("/buses/:id/faults/:fault", ({ params }) => {
    if (!street.clearBusFaults(params.id, params.fault)) throw new Fault("not-found", { fault: params.fault });
    return { deleted: true };
  });

  app.get("/clock", () => clockView(street));
  app.post("/clock", ({ body }) => {
    obeyClockOrder(street, checkedClockOrder(body));
    return clockView(street);
  });
  app.get("/story", () => street.story.told);
  app.get<{ Querystring: { meter?: string; since?: string } }>("/frames", ({ query }) =>
    street.frames(query.meter, sinceOf(query.since), { unmasked: street.unmasked }),
  );
  app.get("/faults", () => faultMenu());
  app.get("/faults/standing", () => street.standingFaults());
  app.delete("/faults/standing", () => {
    street.clearAllFaults();
    return { deleted: true };
  });
  app.get("/weather", () => street.weather.view);
  app.post("/weather", ({ body }) => {
    street.changeWeather(checkedWeather(body));
    return street.weather.view;
  });

  recordingRoutes(app, street, { sinceOf });
  stateRoutes(app, street);
  pageRoutes(app, street, { clock, busView, clockView });

  await app.listen({ port, host });
  const { port: actual } = app.server.address() as AddressInfo;
  return { at: actual, port: actual, close: () => app.close() };
}

/** The field and what it may be, before the table's general sentence. */
function sentenceOf({ context, message, code }: Fault): string {
  const { field, allowed } = context;
  return typeof field === "string" && typeof allowed === "string"
    ? `${field}: ${allowed}`
    : message.replace(` ${faults[code].next}`, "");
}

function fieldOf({ context }: Fault): { field?: unknown } {
  return "field" in context ? { field: context["field"] } : {};
}

/** ISO time, without a zone the meters' own, or milliseconds since 1970. */
function sinceOf(text: string | undefined): Instant | undefined {
  if (text === undefined || text === "") return undefined;
  // A plus that nobody escaped arrives as a space.
  const at = /^\d+$/.test(text)
    ? Instant(Number(text))
    : timeOf(text.replace(/^(\d{4}-\d{2}-\d{2}) /, "$1T").replace(/ (?=\d{2}:?\d{2}$)/, "+"));
  if (at !== undefined) return at;
  throw new Fault("invalid-request", { field: "since", given: text, allowed: `a time ${TIME_FORM}, or milliseconds since 1970` });
}
