/**
 * A reply to the reading of one item, straight to its named values: what a poller asks ten thousand times an hour. What is no plain
 * answer (a refusal, a part, a stranger) is told by `readReply`, and means what it means there.
 */
import { REPLY, sameIdentifier } from "./control-codes.ts";
import type { Frame } from "./frame.ts";
import { membersBehind } from "./item.ts";
import type { Item, Member } from "./item.ts";
import { readReply } from "./replies.ts";
import type { Reply } from "./replies.ts";

export type ItemReply = { readonly is: "values"; readonly members: readonly Member[] } | Exclude<Reply, { readonly is: "value" }>;

const READ = 0x11;
const IDENTIFIER_BYTES = 4;

/** `item`: the one that `request` asks for. */
export function readItem(request: Frame, reply: Frame, item: Item): ItemReply {
  const isPlain = request.control === READ && reply.control === READ + REPLY && request.address === reply.address;
  if (isPlain && reply.data.length > IDENTIFIER_BYTES && sameIdentifier(request.data, reply.data, IDENTIFIER_BYTES))
    return { is: "values", members: membersBehind(item.shape, reply.data, IDENTIFIER_BYTES) };
  const answer = readReply(request, reply);
  return answer.is === "value" ? { is: "values", members: item.shape.members(answer.bytes) } : answer;
}
