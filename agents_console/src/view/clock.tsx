import { useSyncExternalStore } from "react";
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

/** How long since an instant of the server's clock (RFC 3339), or up to `until`. */
export function Since({ at, until }: { at: string; until?: string | null }) {
  const now_ms = useNow_ms();
  const end_ms = until ? Date.parse(until) : now_ms;
  return <span className="timer">{formatSpan(end_ms - Date.parse(at))}</span>;
}
