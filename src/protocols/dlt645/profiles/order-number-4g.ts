/**
 * A 4G meter sold with a platform: DL/T 645 inside a TCP connection, no keys at all (its MACs are zeros), and an order number
 * of eight bytes where others count purchases. Its parameter block answers "refused" and changes something all the same, so
 * after every write the whole block is read again and compared.
 */
import { choicesWith } from "../choices.ts";
import { noMoney, standardItems } from "./common.ts";
import type { ModelProfile } from "./profile.ts";

export const orderNumber4g = {
  name: "order-number-4g",
  version: 1,
  title: { en: "4G meter with order numbers", zh: "4G 订单号预付费电能表" },
  edition: "2007",
  evidence: {
    confidence: "M",
    sources: [
      "prepaid offline audit report (public text, unnamed): vectors S015, S016, S122",
      "prepaid protocol validation report with captures of a physical meter: vectors S017, S033, S074",
      "Django relay-command tests: vector S063",
    ],
    doubts: [
      "order and widths of the bulk status 028011FF: balance, energy, voltage, current, power and a word are told, their bytes are not",
      "the six further bytes of the long refund",
      "how long an order number is remembered",
    ],
  },
  line: {
    baud: 2_400,
    parity: "even",
    preamble: 4,
    turnaroundMs: 50,
    replyDeadlineMs: 12_000,
    questionsMax: 2,
    broadcast: [],
    wildcard: [0x13],
  },
  functions: [0x03, 0x11, 0x13, 0x1c],
  proof: {
    kind: "password",
    scheme: null,
    password: { level: "02", factory: "000000" },
    levels: null,
    // 44 33 22 11 as it travels: this vendor's meters know no other.
    operator: "11223344",
  },
  items: {
    ...standardItems,
    ...noMoney,
    balance: { di: "00900200", money: true },
    customerNumber: null,
    tripDelay: null,
    keyInfo: null,
    status: { di: "028011FF", money: true },
    parameters: { di: "070104FF", money: true },
  },
  blocks: ["028011FF", "070104FF"],
  orders: [
    { control: 0x03, di: "070102FF", what: "top up under an order number", money: true, destructive: false },
    { control: 0x03, di: "070108FF", what: "refund under an order number", money: true, destructive: false },
    {
      control: 0x03,
      di: "070103FF",
      what: "initialise the purse: the frame was seen, what it leaves was not",
      money: true,
      destructive: true,
    },
    {
      control: 0x03,
      di: "070104FF",
      what: "write 143 bytes of prices, limits and credit: refused ones have changed the meter",
      money: true,
      destructive: true,
    },
  ],
  relayOrders: ["disconnect", "arm", "reconnect"],
  wallet: "yuan",
  purchase: { di: "070102FF", repeatProof: "order-number", repeatRefused: "0002" },
  refund: { control: 0x03, di: "070108FF", repeatProof: "order-number" },
  readBack: { purchase: ["balance", "status"], relay: ["relayWord", "status"], write: ["parameters", "balance"] },
  choices: choicesWith({
    serrBytes: "1",
    purchase: "22",
    refund: "070108FF",
    vendorBlocks: "status-and-parameters",
    deadline: "far",
    secondByte: "01",
    plainControl: "obeyed",
    relayReply: "short",
  }),
} as const satisfies ModelProfile;
