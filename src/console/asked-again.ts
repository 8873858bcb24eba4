/**
 * Asks the gateway while somebody looks: at once, when the question changes, and again after a pause. One question at a time, so that a slow
 * gateway is not hurried; what was found before stays beside the trouble, until there is an answer again.
 */
import { useEffect, useState } from "react";
import { problemOf } from "./api.ts";
import type { Problem } from "./shapes.ts";

interface Asked<T> {
  readonly found: T | null;
  readonly trouble: Problem | null;
}

/** `everyMs` null: only once for each question. `deps`: what the question is made of. */
export function useAskedAgain<T>(
  isOpen: boolean,
  everyMs: number | null,
  ask: () => Promise<T>,
  deps: readonly unknown[],
): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ found: null, trouble: null });
  useEffect(() => {
    if (!isOpen) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const once = async (): Promise<void> => {
      try {
        const found = await ask();
        if (!isOver) setAsked({ found, trouble: null });
      } catch (error) {
        if (!isOver) setAsked((before) => ({ ...before, trouble: problemOf(error) }));
      }
      if (!isOver && everyMs !== null) timer = setTimeout(() => void once(), everyMs);
    };
    void once();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isOpen, everyMs, ...deps]);
  return asked;
}
