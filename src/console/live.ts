/**
 * Server-sent events → announcements. The browser reconnects by itself when the line breaks; when it gives up (the
 * gateway answered with an error), a new source is opened after a pause that grows. What was announced while nobody
 * listened is lost, so every opening asks for everything anew.
 */
import { announcementTypes } from "./shapes.ts";
import type { Announcement } from "./shapes.ts";

const PAUSE_MS_FIRST = 1_000;
const PAUSE_MS_MAX = 15_000;

export interface LiveListener {
  opened(): void;
  lost(): void;
  /** The gateway answered with an error instead of a stream; it is asked again after a pause. */
  refused(): void;
  announced(event: Announcement): void;
}

/** Starts listening; the function it returns ends it. */
export function listen(listener: LiveListener): () => void {
  let source: EventSource;
  let pauseMs = PAUSE_MS_FIRST;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = (): void => {
    source = new EventSource("/v1/events");
    source.onopen = () => {
      pauseMs = PAUSE_MS_FIRST;
      listener.opened();
    };
    source.onerror = () => {
      listener.lost();
      if (source.readyState !== EventSource.CLOSED) return;
      listener.refused();
      timer = setTimeout(open, pauseMs);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    };
    const hear = (message: MessageEvent<string>): void => {
      listener.announced(JSON.parse(message.data) as Announcement);
    };
    for (const type of announcementTypes) source.addEventListener(type, hear);
  };

  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
