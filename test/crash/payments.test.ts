/** The bench of payments, small: the gateway with its own books, killed twice with everything it started, while answers of meters are lost. */
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { embeddedAddress } from "../../src/stores/embedded-address.ts";
import { addressesFrom, brokerFor, siteOf } from "../bench/payments.ts";
import { percentile, runPayments } from "../bench/payments-run.ts";
import { Workshop } from "../bench/workshop.ts";
import { startGatewayProcess } from "../support/processes.ts";

const METERS = 50;
const PAYMENTS = 250;
const FIRST_ADDRESS = 202_611_280_001;

const workshop = new Workshop(() => undefined);
afterAll(() => workshop.close());

test("250 payments over 50 meters, one answer in twenty lost and two kills: none is lost, none is doubled", async () => {
  const mqtt = await brokerFor(workshop);
  const meters = addressesFrom(FIRST_ADDRESS, METERS);
  const street = await workshop.street([
    ...["--mqtt", mqtt, "--meters", String(METERS), "--first-address", meters[0]!, "--speed", "0"],
  ]);
  const siteFile = join(workshop.folder, "site.yaml");
  const data = join(workshop.folder, "data");
  writeFileSync(siteFile, siteOf(meters, { data }, mqtt));
  const result = await runPayments({
    meters,
    payments: PAYMENTS,
    lostShare: 0.05,
    kills: 2,
    window: 48, // so that somebody pays in the moment of each death
    street,
    startGateway: () => startGatewayProcess(siteFile),
    books: () => embeddedAddress(data),
    say: workshop.say,
  });
  expect(result.wrong).toEqual([]);
  expect(result.tookMs).toHaveLength(PAYMENTS);
  expect(result.silentOrders).toBeGreaterThan(5);
  expect(result.askedAgain).toBeGreaterThan(0);
  expect(percentile(result.tookMs, 0.5)).toBeGreaterThan(0);
}, 240_000);
