/** One window holds the phone: two would ring, and talk, at once. */
export type TabState = "asking" | "mine" | "elsewhere";

const LOCK = "cadencia-phone";
const CHANNEL = "cadencia-phone";
/** A page that is being reloaded frees its lock within this time. */
const RELOAD_MS = 1_500;

/**
 * Takes the phone's lock of this browser. `onChange` tells who holds it; `onLost` must free the phone when another
 * window takes it over. Returns `take` (take it over from the other window) and `release`.
 */
export function claimPhone(onChange: (state: TabState) => void, onLost: () => void) {
  const channel = new BroadcastChannel(CHANNEL);
  let free: (() => void) | null = null;
  let ended = false;

  const hold = () =>
    new Promise<void>((resolve) => {
      if (ended) return resolve();
      free = resolve;
      onChange("mine");
    });

  const request = (signal?: AbortSignal) =>
    navigator.locks.request(LOCK, signal ? { signal } : {}, hold).catch(() => {
      if (!ended) onChange("elsewhere");
    });

  channel.onmessage = (event) => {
    if (event.data !== "take" || free === null) return;
    onLost();
    free();
    free = null;
    onChange("elsewhere");
  };

  onChange("asking");
  void request(AbortSignal.timeout(RELOAD_MS));

  return {
    take() {
      onChange("asking");
      channel.postMessage("take");
      void request();
    },
    release() {
      ended = true;
      free?.();
      channel.close();
    },
  };
}
