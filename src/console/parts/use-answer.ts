/** Something of the gateway that is asked for while somebody looks at it, and again when what it depends on is another; the last question counts. */
import { useEffect, useState } from "react";
import { problemOf } from "../api.ts";
import type { Problem } from "../shapes.ts";

interface Answered<T> {
  readonly answer: T | null;
  readonly trouble: Problem | null;
}

export function useAnswer<T>(isWanted: boolean, ask: () => Promise<T>, dependsOn: readonly unknown[]): Answered<T> {
  const [answered, setAnswered] = useState<Answered<T>>({ answer: null, trouble: null });
  useEffect(() => {
    if (!isWanted) return;
    let isOver = false;
    ask()
      .then((answer) => {
        if (!isOver) setAnswered({ answer, trouble: null });
      })
      .catch((error: unknown) => {
        if (!isOver) setAnswered({ answer: null, trouble: problemOf(error) });
      });
    return () => {
      isOver = true;
    };
  }, [isWanted, ...dependsOn]);
  return answered;
}
