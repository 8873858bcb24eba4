/**
 * Why a supply that is wanted back is not back, as it stands now: named from the newest order to restore it, in words for whoever drives
 * there. What to take along stands with the next step of the work order (exceptions/next-steps.ts), by these names.
 */
import type { FailureClass } from "../exceptions/kinds.ts";
import { isOpen } from "../commands/command.ts";
import type { Point } from "./recovery-store.ts";
import type { Words } from "./causes.ts";
import { mayBeCut } from "./detect.ts";

const say = (en: string, zh: string, failure: FailureClass): { readonly title: Words; readonly class: FailureClass } => ({
  title: { en, zh },
  class: failure,
});

export const reasons = {
  button: say("the relay is free and waits for the button at the meter", "已允许合闸,等待用户按键", "not-told"),
  stuck: say("the meter took the order and its relay did not move", "电表已接受命令,继电器未动作", "device"),
  "meter-silent": say("the meter does not answer", "电表无应答", "device"),
  line: say("the line is not there, or busy", "线路中断或繁忙", "device"),
  password: say("the meter refused the password", "继电器密码错误", "wrong-action"),
  "wrong-identity": say("the meter is not the one of the books", "电表与档案不符", "wrong-action"),
  security: say(
    "the cipher machine does not answer, or the meter has suspended secured orders",
    "密码机无应答或电表安全挂起",
    "device",
  ),
  refused: say("the meter or a rule refused the order", "复电命令被拒绝", "device"),
  approval: say("the order waits for a second person", "命令待第二人审批", "late"),
  feeder: say("it waits for its turn on the feeder", "馈线错峰排队中", "late"),
  "not-shown": say("the order left, and the meter does not show it yet", "命令已发出,电表尚未显示结果", "late"),
  "out-of-time": say("the order was not sent in time", "命令未能按时下发", "late"),
  "not-ordered": say("nothing was ordered", "尚未下达复电命令", "late"),
} as const;
export type Reason = keyof typeof reasons;

const waits: Readonly<Record<string, Reason>> = {
  "meter-online": "meter-silent",
  silence: "meter-silent",
  line: "line",
  approval: "approval",
  feeder: "feeder",
  security: "security",
  "cipher-machine": "security",
};
const refusals: Readonly<Record<string, Reason>> = {
  "password-refused": "password",
  "identity-mismatch": "wrong-identity",
  "meter-quarantined": "wrong-identity",
  "customer-mismatch": "wrong-identity",
  "account-without-meter": "wrong-identity",
  "security-suspended": "security",
  stuck: "stuck",
  button: "button",
  silence: "meter-silent",
};

/** Pure. */
export function reasonFor(point: Point): Reason {
  const { relay, identity, restore } = point;
  if (identity === "quarantined") return "wrong-identity";
  if (restore?.because === "stuck") return "stuck"; // also where word 3 looks like a relay that waits for the button
  if (relay === "armed" && !mayBeCut(point)) return "button";
  if (restore === null || restore.state === "cancelled") return "not-ordered";
  if (isOpen(restore.state)) return waits[restore.waitingFor ?? ""] ?? (restore.sentAt === null ? "line" : "not-shown");
  if (restore.state === "expired") return "out-of-time";
  return refusals[restore.because ?? ""] ?? (restore.state === "refused" ? "refused" : "not-shown");
}
