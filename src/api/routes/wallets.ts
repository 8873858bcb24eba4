/** Wallets that end: wiped on a test bench, or closed because the meter goes over to remote mode. */
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Fault } from "../../kernel/faults.ts";
import { MeterAddress } from "../../kernel/ids.ts";
import { parseYuan } from "../../kernel/money.ts";
import { meterModels } from "../../devices/meter-models.ts";
import type { MeterRecord } from "../../devices/meter.ts";
import { switchesMode, wipesByInitialisation } from "../../devices/purse-orders.ts";
import type { ApiParts } from "../books.ts";
import { writeOnce } from "../idempotency.ts";
import * as shape from "../schemas.ts";
import type { Views } from "../views.ts";

export function walletRoutes(app: FastifyInstance, parts: ApiParts, views: Views): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const ordered = { 202: z.object({ command: shape.command }), 403: shape.problem, 404: shape.problem, 409: shape.problem };

  const withWallet = (text: string): MeterRecord => {
    const address = MeterAddress(text);
    const record = parts.street.meter(address);
    if (record === undefined) throw new Fault("unknown-meter", { meter: address });
    if (!meterModels[record.model].wallet)
      throw new Fault("wrong-mode", { meter: address, model: record.model, why: "this model has no wallet" });
    return record;
  };

  typed.post(
    "/v1/meters/:address/wallet-reset",
    {
      schema: {
        tags: ["meters"],
        summary: "Wipe the wallet of a meter on the test bench; a second person has to approve it",
        params: shape.addressParam,
        headers: shape.writeHeaders,
        body: shape.walletResetBody,
        response: ordered,
      },
    },
    (request, reply) => {
      const { address, account, model } = withWallet(request.params.address);
      if (!wipesByInitialisation(meterModels[model])) throw new Fault("wallet-reset-unknown", { meter: address, model });
      const wish = { kind: "wallet-reset", meter: address, account, payment: null, params: {}, askedBy: "person" } as const;
      return writeOnce(parts, request, reply, 202, async (tx) => ({
        command: views.command(
          await parts.service.accept(tx, { ...wish, reason: request.body.reason, askedByName: request.actor }),
        ),
      }));
    },
  );

  typed.post(
    "/v1/meters/:address/mode",
    {
      schema: {
        tags: ["meters"],
        summary: "Go over from local to remote mode: the rest of the wallet is credited to the account, once",
        params: shape.addressParam,
        headers: shape.writeHeaders,
        body: shape.modeBody,
        response: ordered,
      },
    },
    (request, reply) => {
      const { address, account, model } = withWallet(request.params.address);
      const { mode, way, balance, reason } = request.body;
      if (mode === "local") throw new Fault("mode-switch-back", { meter: address });
      const byHand = way === "at-the-meter" || balance !== undefined;
      if (!byHand && !switchesMode(meterModels[model]))
        throw new Fault("not-supported", {
          ...{ meter: address, model },
          why: 'no order switches this model; ask with way: "at-the-meter", and switch it there',
        });
      const params = {
        way: byHand ? "at-the-meter" : "order",
        ...(balance === undefined ? {} : { balance: parseYuan(balance, "balance").toString() }),
      };
      return writeOnce(parts, request, reply, 202, async (tx) => ({
        command: views.command(
          await parts.service.accept(tx, {
            ...{ kind: "mode-switch", meter: address, account, payment: null, params, askedBy: "person", reason },
            askedByName: request.actor,
            needsApproval: balance !== undefined, // an amount that no meter shows
          }),
        ),
      }));
    },
  );
}
