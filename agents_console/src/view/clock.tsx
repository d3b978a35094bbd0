import { useCallback, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { formatSpan } from "../format/times";
import { useLive } from "../state/store";

// One tick a second for every timer on the page, only while some view shows one.
const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;
let second = Math.floor(Date.now() / 1000);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  second = Math.floor(Date.now() / 1000);
  ticking ??= setInterval(() => {
    second = Math.floor(Date.now() / 1000);
    for (const each of [...listeners]) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** The server's clock in ms, redrawn once a second. */
export function useNow_ms(): number {
  const skew_ms = useLive((state) => state.clock_skew_ms);
  return useSyncExternalStore(subscribe, () => second) * 1000 + skew_ms;
}

/**
 * How long since an instant of the server's clock (RFC 3339), or up to `until`. Each second it writes its text itself: a
 * room of 200 agents would otherwise draw 200 components anew.
 */
export function Since({ at, until }: { at: string; until?: string | null }) {
  const skew_ms = useLive((state) => state.clock_skew_ms);
  const text = useRef<HTMLSpanElement>(null);
  const span = useCallback(() => {
    const end_ms = until ? Date.parse(until) : second * 1000 + skew_ms;
    return formatSpan(end_ms - Date.parse(at));
  }, [at, until, skew_ms]);
  useLayoutEffect(() => {
    const write = () => {
      if (text.current) text.current.textContent = span();
    };
    const leave = subscribe(write);
    write();
    return leave;
  }, [span]);
  return <span className="timer" ref={text} />;
}
