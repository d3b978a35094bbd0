import type { Schemas } from "../api/client";

export type MeLive = Schemas["MeLive"];
export type CallCard = Schemas["CallCard"];
export type CampaignLive = Schemas["CampaignLive"];
export type AgentLive = Schemas["AgentLive"];
export type AgentState = Schemas["AgentState"];
export type SwitchLive = Schemas["SwitchLive"];
export type Snapshot = Schemas["Snapshot"];
export type Delta = Schemas["Delta"];

/** The live socket: `open` once a snapshot has come, `lost` when what is shown may be out of date. */
export type Link = "connecting" | "open" | "lost";

/** All that the console knows of the world right now. Replaced whole by `reduce`, never changed in place. */
export interface State {
  link: Link;
  /** Number of the last message applied. */
  seq: number;
  /** Server's clock minus ours, in ms: timers count from the server's `since`. */
  clock_skew_ms: number;
  /** The logged-in agent; null for other roles. */
  me: MeLive | null;
  campaigns: Record<string, CampaignLive>;
  agents: Record<string, AgentLive>;
  /** null until the first snapshot. */
  switch: SwitchLive | null;
  /** My last intents that were carried out (null) or refused (a code), by id. */
  settled: Record<string, string | null>;
}

export type Message =
  | { type: "link"; link: Link }
  /** A snapshot or delta, in order and without a gap, received at `at_ms` of our clock. */
  | { type: "received"; body: Snapshot | Delta; at_ms: number }
  | { type: "logged_out" };

export const initialState: State = {
  link: "connecting",
  seq: 0,
  clock_skew_ms: 0,
  me: null,
  campaigns: {},
  agents: {},
  switch: null,
  settled: {},
};
