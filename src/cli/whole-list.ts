/** Lists through the gateway's door, page after page to their end. Where one is longer than anybody reads, that is said, with how to ask for less. */
import type { ApiClient, Json } from "./api-client.ts";

/** What the door gives at once. */
const PAGE = 1_000;
/** The limit also keeps a mistaken cursor from asking for ever. */
const PAGES_MAX = 20;

/** The first answer with the items of all pages; `next` is null where that is all there is. */
export async function wholeList(api: Pick<ApiClient, "get">, path: string, query: URLSearchParams): Promise<Json> {
  query.set("limit", String(PAGE));
  const first = await api.get(`${path}?${query.toString()}`);
  const items = [...(first["items"] as readonly Json[])];
  let { next } = first;
  for (let page = 1; typeof next === "string" && page < PAGES_MAX; page += 1) {
    query.set("cursor", next);
    const answer = await api.get(`${path}?${query.toString()}`);
    items.push(...(answer["items"] as readonly Json[]));
    next = answer["next"];
  }
  return { ...first, items, next };
}

/** A line for people, at the end of what is printed; none where nothing is left out. */
export function leftOut({ next, total, items }: Json, narrower: string): readonly string[] {
  if (typeof next !== "string") return [];
  const shown = (items as readonly unknown[]).length;
  const more = typeof total === "number" ? `${total - shown} more` : "more";
  return [`… and ${more} behind these ${shown}; for fewer: ${narrower}`];
}
