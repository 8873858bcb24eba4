/** The public face of this room: bytes ↔ meaning, for DL/T 645 of 2007 and 1997. Other rooms import from here only. */
export {
  ANY_METER,
  EVERY_METER,
  FRAME_BYTES_MAX,
  PREAMBLE_BYTES,
  bytesOfHex,
  decodeFrame,
  encodeFrame,
  hexBytes,
} from "./frame.ts";
export type { Frame } from "./frame.ts";
export { decodeFrameFor, encodeFrameFor } from "./framing.ts";
export { Deframer } from "./deframer.ts";
export type { Piece } from "./deframer.ts";

export { FUNCTIONS, functionOf, identifierOf, isException, isReply, moreFollows, versionOf } from "./control-codes.ts";
export type { FunctionRow, Version } from "./control-codes.ts";
export {
  faultOfErr,
  faultOfRelayRefusal,
  faultOfSerr,
  namesOfErr,
  namesOfRelayRefusal,
  namesOfRelayResult,
  namesOfSerr,
} from "./error-word.ts";
export { relayOrderNames, relayOrderOfByte, relayOrders } from "./relay-orders.ts";
export type { RelayOrderName } from "./relay-orders.ts";

export { parseDecimal, printDecimal, turned } from "./formats/formats.ts";
export type { Decimal, Decoded, Detail, Format } from "./formats/formats.ts";
export { dictionary, itemNames, itemOf } from "./dictionary.ts";
export type { ItemName, Row, ValueOf } from "./dictionary.ts";
export { itemOf1997 } from "./dictionary-1997.ts";
export { printMember } from "./item.ts";
export type { Field, Item, Member, NamedValue, Shape, Value } from "./item.ts";
export { relayStateOfWord3, runStateWord3Of } from "./formats/status-words.ts";
export type { RunStateWord3 } from "./formats/status-words.ts";
export { decodeWord3, readWord3, word3Layouts } from "./word3-layouts.ts";
export type { RelayWord, Word3Bit, Word3Layout, Word3Row } from "./word3-layouts.ts";

export { STANDARD, choiceTopics, choicesWith } from "./choices.ts";
export type { ChoiceTopic, Choices } from "./choices.ts";
export { itemUnder } from "./chosen-items.ts";
export { addressFits, attentionOf, shortened } from "./addressing.ts";
export type { Attention } from "./addressing.ts";
export * as requests from "./requests.ts";
export type { Operator, Password, Profile, Purchase, RelayOrder, Secured, SecuredRelayOrder, ToMeter } from "./requests.ts";
export { formNamed, formNames } from "./forms.ts";
export type { FormName, ReplyValues, RequestValues } from "./forms.ts";
export { readRequest, writeRequest } from "./speaking.ts";
export type { Heard, Request, RequestOf } from "./speaking.ts";
export { readReply, readValues } from "./replies.ts";
export { readItem } from "./read-item.ts";
export type { ItemReply } from "./read-item.ts";
export type { Reply } from "./replies.ts";
export { PARTS_MAX, PartsJoiner } from "./joining.ts";
export type { Joined } from "./joining.ts";
export { checkWrite } from "./write-target.ts";
export { answer } from "./answering.ts";
export type { Answer } from "./answering.ts";
export { answerUnknown, errFor, serrFor } from "./meter-refusals.ts";
export {
  REFUND,
  SECURITY,
  decodeClosingReply,
  decodeIdentityReply,
  decodeStatusReply,
  factorOf,
  keyStateOf,
} from "./fee-control.ts";
export type { ClosingReply, FeeControlReply, IdentityReply, StatusReply } from "./fee-control.ts";

export { permit, profileOf, profiles } from "./profiles/index.ts";
export type { ModelProfile } from "./profiles/index.ts";

export { explain } from "./explain.ts";
export type { ExplainRow, Explaining } from "./explain.ts";
export { printDictionary } from "./print-dictionary.ts";
export { dottedHex, explainHidden, hiddenIn } from "./hidden-bytes.ts";
export type { Hidden } from "./hidden-bytes.ts";
export { maskedHex } from "./masked-hex.ts";
export { printLine } from "./print-line.ts";
export { printExplanation } from "./print-explanation.ts";
export type { Language } from "./print-explanation.ts";
