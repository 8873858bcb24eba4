/** What a site file may say of notices: by which channels, in which words, in which language. What it means stands in `config.ts`. */
import { z } from "zod";
import { noticeKinds } from "./kinds.ts";
import { languages } from "./templates.ts";

const channelName = z.string().regex(/^[0-9A-Za-z._-]{1,40}$/, "1 to 40 letters, digits, dots or dashes");
const secretReference = z
  .string()
  .regex(/^(file|env|vault):.+/, "file:PATH or env:NAME or vault:NAME; secrets never stand in the site file itself");
const line = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !/[\r\n\0]/.test(text), "one line");
const timeoutSeconds = z.int().min(1).max(60).default(10);

const template = z.strictObject({ subject: line.optional(), text: z.string().min(1).max(2_000).optional() });
export const templatesShape = z.partialRecord(z.enum(languages), z.partialRecord(z.enum(noticeKinds), template));

/** Of an account. */
export const customerShape = {
  email: z.email("an e-mail address").max(200).optional(),
  language: z.enum(languages).optional(),
};

const channel = z.discriminatedUnion("kind", [
  z.strictObject({ name: channelName, kind: z.literal("file"), path: z.string().min(1) }),
  z.strictObject({
    name: channelName,
    kind: z.literal("webhook"),
    url: z.url({ protocol: /^https?$/, error: "the address of the receiver, like https://sms.example.com/notices" }),
    secret: secretReference,
    timeoutSeconds,
  }),
  z.strictObject({
    name: channelName,
    kind: z.literal("smtp"),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(587),
    tls: z.enum(["starttls", "tls", "none"]).default("starttls"),
    from: line,
    user: z.string().min(1).optional(),
    secret: secretReference.optional(),
    timeoutSeconds,
  }),
]);

export const noticesShape = z
  .strictObject({
    // Where an account says nothing.
    language: z.enum(languages).default("zh"),
    // In this order, until one delivers. None: nobody is told anything.
    channels: z.array(channel).default([]),
    // {pay} in every text: where and how.
    pay: z.partialRecord(z.enum(languages), z.string().max(500)).default({}),
    // Only what is to be worded otherwise; classes.NAME.notices says it for a class.
    templates: templatesShape.default({}),
  })
  .prefault({});

export type GivenNotices = z.output<typeof noticesShape>;
