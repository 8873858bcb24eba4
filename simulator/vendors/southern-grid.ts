/**
 * Southern Grid: what State Grid calls levels 98 and 99 is 96 and 97 here, and theirs mean nothing; the purse lies in file 0002;
 * a relay order is answered in short; and its wallet can be closed for good (07A006FF). Levels stand under no MAC, so the chip sees the same bytes.
 */
import type { Behaviour } from "../behaviours/behaviour.ts";
import { Err, Serr } from "../behaviours/behaviour.ts";
import { clearing } from "../behaviours/clearing.ts";
import { modeSwitch } from "../behaviours/mode-switch.ts";
import { prepay } from "../behaviours/prepay.ts";
import { relay } from "../behaviours/relay.ts";
import { writing } from "../behaviours/writing.ts";
import { lowHigh } from "../behaviours/behaviour.ts";
import { dataItemOf, FunctionCode, no } from "../wire.ts";
import { asPlain } from "./dialect.ts";

const SAME_AS: Readonly<Record<number, number>> = { 0x96: 0x98, 0x97: 0x99 };
/** Where the level stands, in the functions that have one. */
const LEVEL_AT: Readonly<Record<number, number>> = {
  [FunctionCode.control]: 0,
  [FunctionCode.clearMeter]: 0,
  [FunctionCode.clearEvents]: 0,
  [FunctionCode.write]: 4,
};
const isTheirs = (level: number | undefined): boolean => level === 0x98 || level === 0x99;
/** Low byte of the file number in the descriptor: length 2, start 2, file 2, directory 2, behind identifier and operator. */
const FILE_AT = 12;

const levels: Behaviour = {
  name: "levels 96 and 97",
  hear(request, meter) {
    const at = LEVEL_AT[request.control];
    if (at === undefined) return undefined;
    const level = request.data[at];
    if (isTheirs(level)) return no(request, Err.unauthorised);
    const same = level === undefined ? undefined : SAME_AS[level];
    if (same === undefined) return undefined;
    if (request.control === FunctionCode.control) return relay.hear(asPlain(request, { 0: same, 3: 0 }), meter);
    return (at === 0 ? clearing : writing).hear(asPlain(request, { [at]: same }), meter);
  },
};

const purseFile: Behaviour = {
  name: "purse in file 0002",
  hear(request, meter) {
    if (request.control !== FunctionCode.security || dataItemOf(request.data) !== "078001FF") return undefined;
    if (request.data[FILE_AT] !== 2) return no(request, ...lowHigh(Serr.other));
    const answer = prepay.hear(asPlain(request, { [FILE_AT]: 1 }), meter);
    // The reply repeats the descriptor directly behind the identifier.
    return answer === undefined || answer === "silent" || (answer.control & 0x40) !== 0
      ? answer
      : { ...answer, data: answer.data.with(8, 2) };
  },
};

export const southernGrid: readonly Behaviour[] = [levels, purseFile, modeSwitch];
