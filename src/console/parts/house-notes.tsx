/**
 * Each part of the house that is not as it should be, by name, with why and what to do next: the same as /readyz tells. Asked for now and
 * then, since a part in trouble can seldom announce it; a gateway that is not heard at all is told in the head of the page.
 */
import { useEffect, useState } from "react";
import * as api from "../api.ts";
import type { HousePart } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";

const ASK_EVERY_MS = 10_000;

export function HouseNotes({ isLoaded }: { readonly isLoaded: boolean }) {
  const { language, words } = useSpeech();
  const parts = useHouse(isLoaded).filter(({ ready, degraded }) => !ready || degraded === true);
  return parts.map(({ name, nameZh, ready, why, next, nextZh }) => {
    const step = language === "zh" ? (nextZh ?? next) : next;
    const part = language === "zh" ? (nameZh ?? name) : name;
    return (
      <div className="page-trouble" key={name}>
        <div
          className={`note ${ready ? "note-unclear" : "note-problem"}`}
          role="status"
          data-testid="house-part"
          data-part={name}
        >
          <p className="note-sentence">{filled(ready ? words.partDegraded : words.partNotReady, { part })}</p>
          {why !== null && <p className="note-detail">{why}</p>}
          {step !== undefined && (
            <p className="note-next">
              <b>{words.next}</b> {step}
            </p>
          )}
        </div>
      </div>
    );
  });
}

function useHouse(isLoaded: boolean): readonly HousePart[] {
  const [parts, setParts] = useState<readonly HousePart[]>([]);
  useEffect(() => {
    if (!isLoaded) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = (): void => {
      api
        .houseParts()
        .then((found) => {
          if (!isOver) setParts(found);
        })
        .catch(() => undefined)
        .finally(() => {
          if (!isOver) timer = setTimeout(ask, ASK_EVERY_MS);
        });
    };
    ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isLoaded]);
  return parts;
}
