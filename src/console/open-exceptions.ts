/** The open items, asked for when the street is loaded and again whenever one is announced: what the badge counts and the view lists. */
import { useCallback, useEffect, useState } from "react";
import * as api from "./api.ts";
import type { ExceptionItem } from "./shapes.ts";

/** Overdue comes by itself, without an announcement of its own minute. */
const ASK_EVERY_MS = 60_000;

export function useOpenExceptions(isLoaded: boolean, announced: number): { items: readonly ExceptionItem[]; again: () => void } {
  const [items, setItems] = useState<readonly ExceptionItem[]>([]);
  const [asked, setAsked] = useState(0);
  const again = useCallback(() => setAsked((before) => before + 1), []);
  useEffect(() => {
    if (!isLoaded) return;
    let isOver = false;
    // a badge that cannot be counted stays as it was; the head of the page says when the gateway is not heard
    api
      .openExceptions()
      .then((found) => {
        if (!isOver) setItems(found);
      })
      .catch(() => undefined);
    const timer = setTimeout(again, ASK_EVERY_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isLoaded, announced, asked, again]);
  return { items, again };
}
