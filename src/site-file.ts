/**
 * What a site file may look like, and every default with its reason. `config.ts` makes a Config of it, and looks at what one value
 * alone cannot tell: names that point at each other, secrets, files.
 */
import { z } from "zod";
import { collectionFile } from "./collection/settings.ts";
import { JSON_FIELDS, PAYLOAD_KINDS, topicTrouble } from "./devices/bus-config.ts";
import { complaintAbout, isModelName } from "./devices/meter-models.ts";
import type { ModelName } from "./devices/meter.ts";
import { tariffPushShape } from "./devices/meter-tariff/site.ts";
import { isPollable } from "./devices/poll-tiers.ts";
import { guardRailsShape } from "./policy/guard-settings.ts";
import { customerShape, noticesShape, templatesShape } from "./notices/site.ts";
import { policyRules } from "./policy/policy-file.ts";
import { rightNames } from "./kernel/permissions.ts";
import { recoveryShape } from "./recovery/settings.ts";
import { retentionShape } from "./retention/site.ts";
import { classTariff, tariffShape } from "./tariff/site-tariffs.ts";
import { validationShape } from "./validation/site-shape.ts";

const digits12 = z.string().regex(/^\d{12}$/, "twelve digits");
const name = z.string().regex(/^[0-9A-Za-z._-]{1,40}$/, "1 to 40 letters, digits, dots or dashes");
const port = z.int().min(0).max(65_535);
const yuanText = z.string().regex(/^-?\d{1,12}(\.\d{1,2})?$/, 'yuan with at most two decimals, in quotes, like "100.00"');
const secretReference = z
  .string()
  .regex(/^(file|env|vault):.+/, "file:PATH or env:NAME or vault:NAME; secrets never stand in the site file itself");
/** Relay passwords may also stay in the cipher machine; what opens the way to it, or others use at once, may not. */
const passwordReference = z
  .string()
  .regex(
    /^(file|env|vault|hsm):.+/,
    "file:PATH or env:NAME or vault:NAME, or hsm:NAME where the cipher machine keeps it; secrets never stand in the site file itself",
  );

const fieldName = z.string().min(1, "the name of a field").max(40);
const pollPeriod = z.int().min(1).max(86_400);
const pollItems = z.array(z.string().refine(isPollable, "a name of docs/data-items.md, or eight hex digits")).min(1).max(40);

const transport = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("serial"),
    path: z.string().min(1),
    baudRate: z.int().min(300).max(115_200).default(2_400),
    dataBits: z.literal([7, 8]).default(8),
    parity: z.enum(["none", "even", "odd"]).default("even"),
    stopBits: z.literal([1, 2]).default(1),
  }),
  z.strictObject({ kind: z.literal("tcp"), host: z.string().min(1), port: port.min(1) }),
  // Loopback unless told otherwise: an open port is a decision.
  z.strictObject({ kind: z.literal("tcp-server"), port, host: z.string().min(1).default("127.0.0.1") }),
  z
    .strictObject({
      kind: z.literal("mqtt"),
      // With {address} in both each meter is a line of its own; with it in neither the meters sit behind one DTU and share its wires.
      down: z.string().default("meters/{address}/down"),
      up: z.string().default("meters/{address}/up"),
      payload: z.enum(PAYLOAD_KINDS).default("raw"),
      json: z
        .strictObject({
          data: fieldName.default(JSON_FIELDS.data),
          id: fieldName.nullable().default(JSON_FIELDS.id),
          encoding: z.enum(["hex", "base64"]).default(JSON_FIELDS.encoding),
        })
        .refine(({ data, id }) => data !== id, { path: ["id"], error: "data lies there; null where the modem knows no number" })
        .optional(),
    })
    .superRefine((bus, context) => {
      const trouble = topicTrouble(bus);
      if (trouble !== undefined)
        context.addIssue({ code: "custom", path: [trouble.field], message: trouble.why, input: bus[trouble.field] });
      if (bus.json !== undefined && bus.payload !== "json")
        context.addIssue({ code: "custom", path: ["json"], message: "only with payload: json", input: bus.json });
    }),
]);

export const siteFile = z.strictObject({
  site: z.strictObject({ name: name.default("site"), timeZone: z.string().default("Asia/Shanghai") }).prefault({}),
  http: z
    .strictObject({
      host: z.string().default("127.0.0.1"),
      port: port.default(8_080),
      // What browsers call us when a proxy with TLS stands before us; with https the console's cookie travels by it alone.
      publicUrl: z.url({ protocol: /^https?$/, error: "the address browsers use, like https://meters.example.com" }).optional(),
    })
    .prefault({}),
  stores: z
    .strictObject({
      database: z.string().default("embedded"),
      redis: z.string().nullable().default(null),
      data: z.string().default("./data"),
    })
    .prefault({}),
  mqtt: z
    .strictObject({
      url: z.string().default("embedded"),
      username: z.string().optional(),
      password: secretReference.optional(),
      ca: z.string().optional(),
      // Where the broker's rules ask for a fixed one; each gateway its own, or they throw each other out. Left out, drawn at each start.
      clientId: z
        .string()
        .regex(/^[0-9A-Za-z._-]{1,64}$/, "1 to 64 letters, digits, dots or dashes")
        .optional(),
    })
    .prefault({}),
  buses: z.array(
    z.strictObject({
      id: name,
      transport,
      // After a reply: lets the slowest driver release the line; 30 on serial and TCP, 0 over MQTT (devices/timing.ts).
      turnaroundMs: z.int().min(0).max(5_000).optional(),
      // Beside the wire's own time: 1,500 on serial, 3,000 on TCP, 8,000 over MQTT; a slow mobile network takes up to 12,000.
      replyDeadlineMs: z.int().min(50).max(60_000).optional(),
      // After silence: what is heard within it is a late reply and belongs to nobody; 1,000, over MQTT and where meters dial in 2,000.
      quietMs: z.int().min(10).max(60_000).optional(),
      // Of kind tcp-server: what callers say, and who is behind whom (devices/dial-in/README.md).
      dialIn: z
        .strictObject({
          says: z
            .array(
              z.union([z.string().min(1), z.strictObject({ text: z.string().min(1), answer: z.string().min(1).optional() })]),
            )
            .optional(),
          probe: z.boolean().default(true),
          heartbeatEverySeconds: z.int().min(5).max(86_400).optional(),
        })
        .optional(),
      callers: z
        .array(
          z.strictObject({
            registration: z.string().min(1).max(80).optional(),
            source: z.string().min(1).optional(),
            meters: z.array(digits12).min(1),
          }),
        )
        .optional(),
    }),
  ),
  meters: z.array(
    z.strictObject({
      address: digits12,
      meterNumber: digits12.optional(),
      customerNumber: digits12.optional(),
      account: name.optional(),
      bus: name,
      model: z.string().pipe(
        z.custom<ModelName>((name) => isModelName(name as string), {
          error: ({ input }) => complaintAbout(input as string) ?? undefined,
        }),
      ),
      // What feeds it, for the spreading of restores (policy.stagger); left out, its bus stands for it.
      feeder: name.optional(),
      // It serves nobody, and its wallet may be wiped: by two persons (wallet-reset).
      testBench: z.boolean().optional(),
      // Amperes it is made for, where it is not the site's usual one (validation.currentMax).
      currentMax: z.number().positive().max(2_000).optional(),
      relayPassword: z.strictObject({ level: z.enum(["02", "03", "04"]), secret: passwordReference }).optional(),
    }),
  ),
  accounts: z
    .array(
      z.strictObject({
        account: name,
        name: z.string().max(80).optional(),
        class: z.string().max(40).default("residential"),
        mode: z.enum(["local", "remote"]).optional(),
        tariff: name.optional(),
        // Where the customer can be reached: a telephone number, or whatever the receiver of notices makes of it; and by mail.
        contact: z.string().min(1).max(200).optional(),
        ...customerShape,
        policy: policyRules.optional(),
      }),
    )
    .default([]),
  tariffs: z
    .array(tariffShape)
    .min(1)
    .default([{ id: "flat", price: "0.5283" }]),
  // For the site alone: what is asked of two persons, and when the brake trips (policy/guard-settings.ts).
  policy: policyRules.extend({ guardRails: guardRailsShape }).prefault({}),
  // What holds for a class of customers, where its accounts say nothing else.
  classes: z
    .record(name, z.strictObject({ ...classTariff, policy: policyRules.optional(), notices: templatesShape.optional() }))
    .default({}),
  // How customers are told (notices/README.md).
  notices: noticesShape,
  // How often each meter is read. Tiers (devices/poll-tiers.ts): hot and cold are not read unless they are named here, warm is
  // every meter's round and has everySeconds where it says none.
  polling: z
    .strictObject({
      everySeconds: pollPeriod.default(900),
      tiers: z
        .strictObject({
          hot: z.strictObject({ everySeconds: pollPeriod.default(120), items: pollItems.optional() }).optional(),
          warm: z.strictObject({ everySeconds: pollPeriod.optional(), items: pollItems.optional() }).optional(),
          cold: z.strictObject({ everySeconds: pollPeriod.default(21_600), items: pollItems.optional() }).optional(),
        })
        .optional(),
    })
    .prefault({}),
  // When energy registers are doubted (validation/README.md).
  validation: validationShape,
  // What each meter owes each day (collection/README.md).
  collection: collectionFile,
  // The largest payment that is taken.
  payments: z.strictObject({ cap: yuanText.default("50000.00") }).prefault({}),
  // When ledger and meters are compared every night, in the site's zone; null: only when somebody asks.
  reconciliation: z
    .strictObject({
      at: z
        .string()
        .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "a time of day like 03:30")
        .nullable()
        .default("03:30"),
    })
    .prefault({}),
  // How soon a restore has to be seen, and who is told where it is not (recovery/README.md).
  recovery: recoveryShape,
  // How many days rows are kept.
  retention: retentionShape,
  // Who may push a tariff into meters that deduct by themselves.
  tariffPush: tariffPushShape,
  channels: z.array(z.strictObject({ name, secret: secretReference.optional() })).optional(),
  // `may`: what the holder may do beside looking (kernel/permissions.ts); left out, everything.
  apiKeys: z.array(z.strictObject({ name, secret: secretReference, may: z.array(z.enum(rightNames)).optional() })).default([]),
  // The private key that receipts are signed with, Ed25519 in PEM; left out, the data folder keeps one of its own.
  receipts: z.strictObject({ key: secretReference.optional() }).prefault({}),
  // A file of many secrets, a line each; `vault:NAME` looks into it, and {address} in a meter's reference is the meter's own.
  vault: z.strictObject({ file: z.string().min(1) }).optional(),
  security: z
    .discriminatedUnion(
      "kind",
      [
        z.strictObject({ kind: z.literal("software-test-keys").default("software-test-keys") }),
        z.strictObject({
          kind: z.literal("hsm"),
          url: z.string("hsm://HOST:PORT"),
          secret: secretReference,
          // For a connection to stand and for each answer. A machine answers in milliseconds; an adapter before it may queue.
          deadlineMs: z.int().min(100).max(60_000).default(3_000),
          tls: z.boolean().default(false),
          ca: z.string().optional(),
        }),
      ],
      { error: 'must be one of "software-test-keys", "hsm"' },
    )
    .prefault({}),
});

export type SiteFile = z.output<typeof siteFile>;
/** What the site file may look like, before defaults: for those who build one in code (demonstration, tests). */
export type SiteInput = z.input<typeof siteFile>;
