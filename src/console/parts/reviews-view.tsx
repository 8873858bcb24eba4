/**
 * What is worth a look although nothing failed: one list at a time, sorted by any column, filtered by words, taken along as CSV. Drawn up by
 * the gateway when somebody looks, and again when another list or order is chosen.
 */
import { useState } from "react";
import * as api from "../api.ts";
import { useAskedAgain } from "../asked-again.ts";
import { moment } from "../moments.ts";
import type { ReviewList, ReviewRow, ReviewSort } from "../shapes.ts";
import { reviewLists } from "../shapes.ts";
import { reasonWords, useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";
import { Sheet } from "./sheet.tsx";

interface Order {
  readonly by: ReviewSort;
  readonly order: "asc" | "desc";
}

const COLUMNS = ["meter", "class", "bus", "score", "since"] as const;

export function ReviewsView({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const speech = useSpeech();
  const { words, language } = speech;
  const said = words.reviews;
  const [list, setList] = useState<ReviewList>("suspects");
  const [order, setOrder] = useState<Order>({ by: "score", order: "desc" });
  const [wanted, setWanted] = useState("");
  const draw = () => api.review(list, order.by, order.order);
  const { found, trouble } = useAskedAgain(isOpen, null, draw, [list, order]);
  const review = found?.list === list ? found : null; // another list's rows are not shown under this one's name
  const behind = review === null ? 0 : review.total - review.items.length;

  const titleOf = (column: ReviewSort): string => (column === "score" && review !== null ? review.score[language] : said[column]);
  const turn = (by: ReviewSort): void =>
    setOrder((before) => ({ by, order: before.by === by && before.order === "desc" ? "asc" : "desc" }));
  const rows = (review?.items ?? []).filter((row) => isFound(row, wanted));

  return (
    <Sheet isOpen={isOpen} close={close} title={said.title} testId="reviews">
      {trouble !== null && <ProblemNote problem={trouble} />}
      <div className="lines-body">
        <div className="lines-list">
          {reviewLists.map((name) => (
            <button
              key={name}
              type="button"
              aria-current={name === list}
              onClick={() => setList(name)}
              data-testid={`list-${name}`}
            >
              <b>{said.lists[name]}</b>
              {name === list && review !== null && <small>{filled(said.found, { n: review.total })}</small>}
            </button>
          ))}
        </div>
        <div>
          <input
            type="search"
            className="find"
            aria-label={`${words.find}: ${said.findHint}`}
            placeholder={said.findHint}
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
            data-testid="review-find"
          />{" "}
          <a href={api.reviewFile(list, order.by, order.order)} download={`${list}.csv`} data-testid="review-csv">
            {said.export}
          </a>
          {review !== null && rows.length === 0 && <p>{said.none}</p>}
          {rows.length > 0 && (
            <table data-testid="review-table">
              <thead>
                <tr>
                  {COLUMNS.map((column) => (
                    <th
                      key={column}
                      scope="col"
                      aria-sort={order.by === column ? (order.order === "asc" ? "ascending" : "descending") : "none"}
                    >
                      <button type="button" className="quiet" onClick={() => turn(column)} data-testid={`sort-${column}`}>
                        {titleOf(column)}
                      </button>
                    </th>
                  ))}
                  <th scope="col">{said.why}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.meter} data-testid="review-row">
                    <td>{row.meter}</td>
                    <td>{row.class ?? ""}</td>
                    <td>{row.bus}</td>
                    <td className="number">{row.score}</td>
                    <td>{row.since === null ? "" : moment(row.since, null)}</td>
                    <td>
                      {reasonWords(row.why, speech)} <small>{figuresOf(row)}</small>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {behind > 0 && <p>{filled(said.more, { n: behind })}</p>}
        </div>
      </div>
    </Sheet>
  );
}

const figuresOf = ({ figures }: ReviewRow): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${value}`)
    .join(" · ");

const isFound = (row: ReviewRow, wanted: string): boolean =>
  [row.meter, row.account, row.class, row.bus, row.model, row.why].join(" ").toLowerCase().includes(wanted.trim().toLowerCase());
