import { useSyncExternalStore } from "react";
import { reduce } from "./reduce";
import { initialState, type Message, type State } from "./state";

/** Holds the one State: messages in, readers told. */
export interface Store {
  read(): State;
  send(message: Message): void;
  /** Calls `listener` after each change; returns the way to stop. */
  subscribe(listener: () => void): () => void;
}

export function createStore(initial: State = initialState): Store {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    read: () => state,
    send(message) {
      const next = reduce(state, message);
      if (next === state) return;
      state = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const live = createStore();

/** A part of the live state; redraws the caller when that part is another. `select` must not build new objects. */
export function useLive<T>(select: (state: State) => T): T {
  return useSyncExternalStore(live.subscribe, () => select(live.read()));
}
