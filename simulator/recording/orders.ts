/**
 * What people do to a street beside its wires: set a balance, press a button, break something, move the clock. Written down with
 * the frames, because a recording that left it out could not be played again.
 */
import { Instant } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import type { FaultOrder } from "../faults.ts";
import type { MeterPatch } from "../meter-door.ts";
import type { Street } from "../street.ts";
import type { WeatherPlan } from "../weather-kinds.ts";

export type StreetOrder =
  | { readonly do: "patch"; readonly meter: string; readonly changes: MeterPatch }
  | { readonly do: "press-button"; readonly meter: string }
  | { readonly do: "power"; readonly meter: string; readonly on: boolean }
  | { readonly do: "set-fault"; readonly meter?: string; readonly bus?: string; readonly fault: FaultOrder }
  | { readonly do: "clear-faults"; readonly meter?: string; readonly bus?: string; readonly id?: string }
  | { readonly do: "clear-all-faults" }
  | { readonly do: "weather"; readonly plan: WeatherPlan }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "step"; readonly ms: number }
  /** What the calendar shows then, ahead or back. */
  | { readonly do: "jump"; readonly to: string }
  | { readonly do: "speed"; readonly factor: number }
  | { readonly do: "households"; readonly running: boolean };

/** Does it again; every order goes through the door of the street that wrote it down. */
export function carryOut(street: Street, order: StreetOrder): void {
  switch (order.do) {
    case "patch":
      street.patch(order.meter, order.changes);
      return;
    case "press-button":
      street.pressButton(order.meter);
      return;
    case "power":
      if (order.on) street.powerOn(order.meter);
      else street.powerOff(order.meter);
      return;
    case "set-fault":
      street.placeFault({ ...order.fault, meter: order.meter, bus: order.bus });
      return;
    case "clear-faults":
      if (order.meter !== undefined) street.clearFaults(order.meter, order.id);
      else if (order.bus !== undefined) street.clearBusFaults(order.bus, order.id);
      return;
    case "clear-all-faults":
      street.clearAllFaults();
      return;
    case "weather":
      street.changeWeather(order.plan);
      return;
    case "advance":
      street.advance(order.ms);
      return;
    case "step":
      street.step(order.ms);
      return;
    case "jump":
      street.jumpTo(momentOf(order.to));
      return;
    case "speed":
      street.setSpeed(order.factor);
      return;
    case "households":
      if (order.running) street.resumeHouseholds();
      else street.pauseHouseholds();
      return;
    default:
      throw new Fault("invalid-request", { field: "order.do", allowed: "an order this street knows" });
  }
}

/** Which kinds the weather brings, where somebody named them. */
function kindsOf({ kinds }: WeatherPlan, before: string): string {
  if (kinds === undefined || kinds === null) return "";
  return before + (Array.isArray(kinds) ? (kinds as readonly string[]) : Object.keys(kinds)).join(", ");
}

function momentOf(text: string): Instant {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Fault("invalid-request", { field: "order.to", given: text, allowed: "ISO time" });
  return Instant(at);
}

export function tellOrder(order: StreetOrder): { readonly en: string; readonly zh: string } {
  const place = ("meter" in order ? order.meter : "bus" in order ? order.bus : undefined) ?? "";
  switch (order.do) {
    case "patch":
      return {
        en: `! ${place} changed: ${JSON.stringify(order.changes)}`,
        zh: `! ${place} 修改:${JSON.stringify(order.changes)}`,
      };
    case "press-button":
      return { en: `! ${place} the button is pressed`, zh: `! ${place} 按键合闸` };
    case "power":
      return order.on
        ? { en: `! ${place} the power is back`, zh: `! ${place} 来电` }
        : { en: `! ${place} the power fails`, zh: `! ${place} 停电` };
    case "set-fault":
      return { en: `! ${place} fault set: ${order.fault.kind}`, zh: `! ${place} 设置故障:${order.fault.kind}` };
    case "clear-faults":
      return { en: `! ${place} faults deleted: ${order.id ?? "all"}`, zh: `! ${place} 清除故障:${order.id ?? "全部"}` };
    case "clear-all-faults":
      return { en: "! all faults deleted", zh: "! 清除全部故障" };
    case "weather":
      return {
        en: `! weather: ${order.plan.faultsPerHour} faults an hour${kindsOf(order.plan, " of ")}`,
        zh: `! 随机故障:每小时${order.plan.faultsPerHour}次${kindsOf(order.plan, ":")}`,
      };
    case "advance":
      return { en: `! the clock jumps ${order.ms} ms ahead`, zh: `! 时钟前跳${order.ms}毫秒` };
    case "step":
      return { en: `! one step of ${order.ms} ms, then the clock stands`, zh: `! 时钟步进${order.ms}毫秒后停住` };
    case "jump":
      return { en: `! the clock is set to ${order.to}`, zh: `! 时钟跳至${order.to}` };
    case "speed":
      return { en: `! speed ${order.factor}`, zh: `! 时钟倍速${order.factor}` };
    case "households":
      return order.running
        ? { en: "! households draw power", zh: "! 住户用电恢复" }
        : { en: "! households paused", zh: "! 住户用电暂停" };
  }
}
