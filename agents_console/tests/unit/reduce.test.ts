import { describe, expect, test } from "vitest";
import { reduce } from "../../src/state/reduce";
import { initialState, type Snapshot, type State } from "../../src/state/state";
import { AGENTS, callCard, campaignLive, meLive } from "../browser/demo_data";

const AT_MS = Date.parse("2026-11-21T12:00:00Z");

function snapshot(view: Partial<Snapshot["view"]> = {}, seq = 4): Snapshot {
  const server_time = new Date(AT_MS + 1500).toISOString();
  const empty = {
    me: null,
    campaigns: {},
    agents: {},
    switch: { dialer_up: true, switch_up: true },
    server_time,
  };
  return { type: "snapshot", seq, view: { ...empty, ...view } };
}

const received = (state: State, body: Snapshot | Parameters<typeof delta>[1]) =>
  reduce(state, { type: "received", body: body as Snapshot, at_ms: AT_MS });

function delta(seq: number, changes: object[]) {
  return { type: "delta" as const, seq, changes } as never;
}

describe("reduce", () => {
  test("a snapshot replaces everything but the settled intents, and tells the server's clock from ours", () => {
    const before: State = {
      ...initialState,
      settled: { 3: null },
      campaigns: { 9: campaignLive({ id: 9 }) },
    };
    const after = received(before, snapshot({ me: meLive(), agents: AGENTS }));
    expect(after.link).toBe("open");
    expect(after.seq).toBe(4);
    expect(after.clock_skew_ms).toBe(1500);
    expect(after.campaigns).toEqual({});
    expect(after.agents).toBe(AGENTS);
    expect(after.settled).toEqual({ 3: null });
  });

  test("a delta applies its changes in order and leaves the rest as it is", () => {
    const before = received(initialState, snapshot({ agents: AGENTS, campaigns: { 1: campaignLive() } }));
    const talking = campaignLive({ talking: 7 });
    const call = callCard();
    const after = received(
      before,
      delta(5, [
        { kind: "me", value: meLive({ state: "reserved" }) },
        { kind: "me", value: meLive({ state: "on_call", call }) },
        { kind: "campaign", id: 1, value: talking },
        { kind: "switch", value: { dialer_up: true, switch_up: false } },
      ]),
    );
    expect(after.seq).toBe(5);
    expect(after.me?.state).toBe("on_call");
    expect(after.me?.call).toBe(call);
    expect(after.campaigns[1]).toBe(talking);
    expect(after.switch).toEqual({ dialer_up: true, switch_up: false });
    expect(after.agents).toBe(before.agents);
    expect(before.campaigns[1]?.talking).toBe(6);
  });

  test("null takes a campaign or an agent out", () => {
    const before = received(initialState, snapshot({ agents: AGENTS, campaigns: { 1: campaignLive() } }));
    const after = received(
      before,
      delta(5, [
        { kind: "campaign", id: 1, value: null },
        { kind: "agent", id: 11, value: null },
      ]),
    );
    expect(after.campaigns).toEqual({});
    expect(Object.keys(after.agents)).not.toContain("11");
    expect(Object.keys(before.agents)).toContain("11");
  });

  test("settled intents are remembered, the oldest forgotten", () => {
    let state = initialState;
    for (let id = 1; id <= 60; id++) {
      const error = id === 60 ? "no_line" : null;
      state = received(state, delta(id, [{ kind: "intent", id, error }]));
    }
    expect(Object.keys(state.settled)).toHaveLength(50);
    expect(state.settled[10]).toBeUndefined();
    expect(state.settled[11]).toBeNull();
    expect(state.settled[60]).toBe("no_line");
  });

  test("a lost link keeps what was known; the same link again is no change", () => {
    const open = received(initialState, snapshot({ me: meLive() }));
    const lost = reduce(open, { type: "link", link: "lost" });
    expect(lost.link).toBe("lost");
    expect(lost.me).toBe(open.me);
    expect(reduce(lost, { type: "link", link: "lost" })).toBe(lost);
  });

  test("logging out forgets everything", () => {
    const open = received(initialState, snapshot({ me: meLive(), campaigns: { 1: campaignLive() } }));
    expect(reduce(open, { type: "logged_out" })).toEqual(initialState);
  });
});
