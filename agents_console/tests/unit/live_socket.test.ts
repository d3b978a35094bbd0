import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LiveSocket, type SocketLike } from "../../src/socket/live_socket";
import type { Message } from "../../src/state/state";

class FakeSocket implements SocketLike {
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  sent: string[] = [];
  closed = false;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
  }
  open(): void {
    this.onopen?.();
  }
  tell(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  drop(): void {
    this.onclose?.();
  }
}

const VIEW = { me: null, campaigns: {}, agents: {}, switch: null, server_time: "2026-11-21T12:00:00Z" };
const snapshot = (seq: number) => ({ type: "snapshot", seq, view: VIEW });
const delta = (seq: number) => ({ type: "delta", seq, changes: [] });
const RESYNC = JSON.stringify({ type: "resync" });

let sockets: FakeSocket[];
let delivered: Message[];
let refused: number;
let live: LiveSocket;
let luck: number;

const last = () => sockets.at(-1) as FakeSocket;
const seqs = () => delivered.flatMap((message) => (message.type === "received" ? [message.body.seq] : []));
const links = () => delivered.flatMap((message) => (message.type === "link" ? [message.link] : []));

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  delivered = [];
  refused = 0;
  luck = 1;
  live = new LiveSocket({
    url: "ws://test/live",
    deliver: (message) => delivered.push(message),
    onRefused: () => {
      refused += 1;
    },
    makeSocket: () => {
      sockets.push(new FakeSocket());
      return last();
    },
    random: () => luck,
    now_ms: () => 0,
  });
});

afterEach(() => {
  live.close();
  vi.useRealTimers();
});

function openWith(seq: number): FakeSocket {
  last().open();
  last().tell(snapshot(seq));
  return last();
}

describe("order", () => {
  test("a snapshot and the deltas after it are delivered in order", () => {
    const socket = openWith(7);
    socket.tell(delta(8));
    socket.tell(delta(9));
    expect(seqs()).toEqual([7, 8, 9]);
    expect(socket.sent).toEqual([]);
  });

  test("deltas before the first snapshot are dropped", () => {
    last().open();
    last().tell(delta(3));
    last().tell(snapshot(5));
    last().tell(delta(6));
    expect(seqs()).toEqual([5, 6]);
  });

  test("a gap asks for one snapshot and drops all until it comes", () => {
    const socket = openWith(7);
    socket.tell(delta(9));
    socket.tell(delta(10));
    socket.tell(delta(11));
    expect(socket.sent).toEqual([RESYNC]);
    expect(seqs()).toEqual([7]);
    socket.tell(snapshot(20));
    socket.tell(delta(21));
    expect(seqs()).toEqual([7, 20, 21]);
  });

  test("a number that comes twice is a gap too: the server and we do not agree", () => {
    const socket = openWith(7);
    socket.tell(delta(8));
    socket.tell(delta(8));
    expect(socket.sent).toEqual([RESYNC]);
    expect(seqs()).toEqual([7, 8]);
  });
});

describe("loss", () => {
  test("a closed socket is told and opened again, each time later, and at once after a success", () => {
    openWith(1).drop();
    expect(links()).toEqual(["lost"]);
    for (const delay_ms of [250, 500, 1000, 2000]) {
      const before = sockets.length;
      vi.advanceTimersByTime(delay_ms - 1);
      expect(sockets).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(sockets).toHaveLength(before + 1);
      last().drop();
    }
    vi.advanceTimersByTime(4000);
    openWith(9).drop();
    vi.advanceTimersByTime(250);
    expect(seqs()).toEqual([1, 9]);
    expect(sockets).toHaveLength(7);
  });

  test("delays never exceed ten seconds, and chance shortens them by half at most", () => {
    for (let n = 0; n < 12; n++) {
      luck = n % 2;
      const longest_ms = Math.min(10_000, 250 * 2 ** n);
      const delay_ms = luck === 1 ? longest_ms : longest_ms / 2;
      last().drop();
      vi.advanceTimersByTime(delay_ms - 1);
      expect(sockets).toHaveLength(n + 1);
      vi.advanceTimersByTime(1);
      expect(sockets).toHaveLength(n + 2);
    }
  });

  test("a socket refused before it opened asks whether the session still stands; one that was open does not", () => {
    last().drop();
    expect(refused).toBe(1);
    vi.advanceTimersByTime(250);
    openWith(1).drop();
    expect(refused).toBe(1);
  });

  test("silence is tested by asking for a snapshot; no answer means a dead link", () => {
    const socket = openWith(1);
    vi.advanceTimersByTime(15_000);
    expect(socket.sent).toEqual([RESYNC]);
    socket.tell(snapshot(1));
    vi.advanceTimersByTime(15_000);
    expect(socket.sent).toEqual([RESYNC, RESYNC]);
    expect(links()).toEqual([]);
    vi.advanceTimersByTime(5_000);
    expect(links()).toEqual(["lost"]);
    expect(socket.closed).toBe(true);
    vi.advanceTimersByTime(250);
    expect(sockets).toHaveLength(2);
  });

  test("a dead socket that wakes up later is not heard", () => {
    const socket = openWith(1);
    vi.advanceTimersByTime(20_000);
    socket.tell(delta(2));
    expect(seqs()).toEqual([1]);
  });

  test("the network's return connects at once, and only once", () => {
    openWith(1).drop();
    live.retryNow();
    live.retryNow();
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(4_000);
    expect(sockets).toHaveLength(2);
  });

  test("closed by us, it stays closed", () => {
    const socket = openWith(1);
    live.close();
    vi.advanceTimersByTime(60_000);
    expect(socket.closed).toBe(true);
    expect(sockets).toHaveLength(1);
    expect(links()).toEqual([]);
  });
});
