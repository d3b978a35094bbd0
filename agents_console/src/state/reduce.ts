import { type Delta, initialState, type Message, type Snapshot, type State } from "./state";

type Change = Delta["changes"][number];

/** Settled intents kept: enough for any that a person still waits for. */
const SETTLED_KEPT = 50;

/** The state after a message. Pure; what did not change keeps its identity, so that only its views redraw. */
export function reduce(state: State, message: Message): State {
  switch (message.type) {
    case "link":
      return state.link === message.link ? state : { ...state, link: message.link };
    case "logged_out":
      return initialState;
    case "received":
      return message.body.type === "snapshot"
        ? replaceAll(state, message.body, message.at_ms)
        : message.body.changes.reduce(applyChange, { ...state, seq: message.body.seq });
  }
}

function replaceAll(state: State, snapshot: Snapshot, at_ms: number): State {
  const { me, campaigns, agents, server_time } = snapshot.view;
  return {
    link: "open",
    seq: snapshot.seq,
    clock_skew_ms: Date.parse(server_time) - at_ms,
    me,
    campaigns,
    agents,
    switch: snapshot.view.switch,
    settled: state.settled,
  };
}

function applyChange(state: State, change: Change): State {
  switch (change.kind) {
    case "me":
      return { ...state, me: change.value };
    case "switch":
      return { ...state, switch: change.value };
    case "campaign":
      return { ...state, campaigns: withEntry(state.campaigns, change.id, change.value) };
    case "agent":
      return { ...state, agents: withEntry(state.agents, change.id, change.value) };
    case "intent":
      return { ...state, settled: remember(state.settled, change.id, change.error) };
  }
}

function withEntry<T>(entries: Record<string, T>, id: number, value: T | null): Record<string, T> {
  const { [String(id)]: _, ...others } = entries;
  return value === null ? others : { ...others, [id]: value };
}

function remember(settled: State["settled"], id: number, error: string | null): State["settled"] {
  const all: State["settled"] = { ...settled, [id]: error };
  const ids = Object.keys(all);
  if (ids.length > SETTLED_KEPT) delete all[ids[0] as string]; // integer keys stand in ascending order
  return all;
}
