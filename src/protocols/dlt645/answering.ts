/**
 * The meter's side: a reply in the light of what was heard. What a function echoes is taken from the request, what it tells is the
 * values of its form; a long answer comes in parts, a refusal is a word of bits. The way back is `readReply`.
 */
import { checkAudience } from "./addressing.ts";
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { EXCEPTION, MORE_FOLLOWS, REPLY } from "./control-codes.ts";
import { formNamed } from "./forms.ts";
import type { FormName, ReplyValues } from "./forms.ts";
import type { AnyForm } from "./forms/form.ts";
import { DATA_BYTES_MAX_STANDARD } from "./forms/form.ts";
import { EVERY_METER, identifierBytesOf } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { encode } from "./forms/layout.ts";
import type { AnyValues, Layout } from "./forms/layout.ts";
import { refuse } from "./refusal.ts";
import type { RequestOf } from "./speaking.ts";

export type Answer<N extends FormName> =
  /** Done, or here it is: the values of the reply, `{}` where a bare yes is all. */
  | { readonly is: "done"; readonly values: ReplyValues<N> }
  /** A part of a long answer. */
  | { readonly is: "more"; readonly values: ReplyValues<N> }
  /** A read of something that is not there, said like some meters say it: with the identifier alone, or with nothing. */
  | { readonly is: "no-data"; readonly identifier: boolean }
  /** The bits of ERR, SERR, or the extended word of a relay order. */
  | { readonly is: "refused"; readonly word: number };

export interface From {
  /** The meter's own address where the request names it by a wildcard; of 15H the new one. Never AA. */
  readonly address?: string;
  readonly choices?: Choices;
}

export function answer<N extends FormName>(request: RequestOf<N>, say: Answer<N>, from: From = {}): Frame {
  const { choices = STANDARD } = from;
  const form = formNamed(request.is, choices);
  // Some meters of 1997 do answer a read that all can hear, on a line of their own; in 2007 nobody may.
  if (request.address === EVERY_METER && form.version === "2007") refuse("address", "nobody answers a broadcast");
  const address = from.address ?? newAddressOf(request) ?? request.address;
  checkAudience("one", address);
  const values: AnyValues = request;
  const reply = (flags: number, data: Uint8Array): Frame => ({ address, control: form.code | REPLY | flags, data });
  switch (say.is) {
    case "refused":
      return reply(EXCEPTION, refusalBytes(form, values, say.word, choices));
    case "no-data":
      if (!form.parts) refuse("no-data", "only a read is answered like this");
      return reply(0, say.identifier ? identifierBytesOf(String(values["di"])) : new Uint8Array());
    case "more":
    case "done": {
      if (say.is === "more" && !form.parts) refuse("more", "only a read is answered in parts");
      const data = encode(form.reply as Layout, { ...values, ...told(form, values, say.values, choices) });
      if (data.length > DATA_BYTES_MAX_STANDARD)
        refuse("data", `${data.length} bytes; a reply carries at most ${DATA_BYTES_MAX_STANDARD}`);
      return reply(say.is === "more" ? MORE_FOLLOWS : 0, data);
    }
  }
}

/** 15H is answered from the address it has set. */
const newAddressOf = (request: AnyValues): string | undefined => request["newAddress"] as string | undefined;

/** Two bytes about a relay order only for those who asked for them. */
function told(form: AnyForm, request: AnyValues, values: AnyValues, choices: Choices): AnyValues {
  if (form.refusal !== "relay" || isWide(request, choices)) return values;
  return { ...values, result: null };
}
const isWide = (request: AnyValues, { relayReply }: Choices): boolean =>
  relayReply === "extended" || (relayReply === "as-asked" && request["extendedReply"] === true);

function refusalBytes(form: AnyForm, request: AnyValues, word: number, choices: Choices): Uint8Array {
  if (form.refusal === "none") refuse("refused", "this function knows no refusal: it is obeyed or met with silence");
  const wide = form.refusal === "SERR" ? choices.serrBytes === "2" : form.refusal === "relay" && isWide(request, choices);
  const bytes = wide ? 2 : 1;
  if (!Number.isInteger(word) || word < 0 || word >= 256 ** bytes) refuse("refused", `does not fit ${bytes} bytes`, word);
  return Uint8Array.of(word & 0xff, word >> 8).subarray(0, bytes);
}
