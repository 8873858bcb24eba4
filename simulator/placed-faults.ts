/** Faults as they are written outside: one argument of the command line, or one row of a scenario file. */
import { isFault, reasonOf } from "../src/kernel/faults.ts";
import { parameterFromText } from "./faults/parameters.ts";
import { checkedFault } from "./meter-door.ts";
import type { PlacedFault } from "./street.ts";

export interface Places {
  readonly meters: ReadonlySet<string>;
  readonly buses: ReadonlySet<string>;
}

/** Thrown with a sentence; whoever asked names the argument or the file. */
export class MisplacedFault extends Error {}

const FORM = /^([a-z-]+)@([^,@]+)((?:,[^,=]+=[^,]*)*)$/i;

/** `lost-reply@202611220001,times=2`: a kind, a meter's address or a bus's id, and parameters. */
export function faultFromText(text: string, places: Places): PlacedFault {
  const [, kind, place, rest] = FORM.exec(text) ?? [];
  if (kind === undefined || place === undefined || rest === undefined)
    throw new MisplacedFault('KIND@PLACE,parameter=value is wanted, like "lost-reply@202611220001,times=2"');
  const parameters = Object.fromEntries(
    rest
      .split(",")
      .slice(1)
      .map((pair) => {
        const at = pair.indexOf("=");
        const name = pair.slice(0, at);
        return [name, parameterFromText(name, pair.slice(at + 1))];
      }),
  );
  return faultFromRow({ kind, ...parameters, ...(places.buses.has(place) ? { bus: place } : { meter: place }) }, places);
}

export function faultFromRow(
  { meter, bus, ...order }: Readonly<Record<string, unknown>> & { meter?: string | undefined; bus?: string | undefined },
  { meters, buses }: Places,
): PlacedFault {
  const isSomewhere = bus === undefined ? meter !== undefined && meters.has(meter) : meter === undefined && buses.has(bus);
  if (!isSomewhere) throw new MisplacedFault(`${bus ?? meter ?? "nowhere"}: a meter's address or a bus's id is wanted`);
  try {
    return { ...checkedFault(order), ...(bus === undefined ? { meter } : { bus }) };
  } catch (error) {
    const { field, allowed } = isFault(error) ? error.context : {};
    throw new MisplacedFault(typeof allowed === "string" ? `${String(field)}: ${allowed}` : reasonOf(error), { cause: error });
  }
}
