/** Relay orders: 1CH, in the clear with a password, or under cipher and MAC (clause 5.11 of the reference). */
import type { Choices } from "../choices.ts";
import { namesOfRelayResult } from "../error-word.ts";
import { controlBlock, extendedReply, optionalWord, relayOrder } from "./slot-blocks.ts";
import { deadline } from "./slot-moments.ts";
import { level, levelOf, operator, password } from "./slots.ts";
import { form } from "./form.ts";

const reply = { result: optionalWord((word) => namesOfRelayResult(word).join(", ")) };

export const relayForms = (choices: Choices) => ({
  "relay-order-secured": form(0x1c, {
    refusal: "relay",
    request: { level: levelOf("98", "96"), extendedReply, operator, block: controlBlock(choices.controlBlock) },
    reply,
  }),
  "relay-order": form(0x1c, {
    refusal: "relay",
    request: { level, password, operator, order: relayOrder(choices.secondByte), deadline: deadline(choices.deadline) },
    reply,
  }),
});
