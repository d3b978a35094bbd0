import type { Delta, Message, Snapshot } from "../state/state";

/** First delay before connecting again, ms. The API counts a console as lost after 3 s, so the first tries are quick. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
/** Silence after which we ask for a snapshot: a link that died without a word is found by its not answering. */
const SILENCE_MS = 15_000;
const ANSWER_MS = 5_000;

/** The part of WebSocket that is used here. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export interface LiveSocketOptions {
  url: string;
  deliver: (message: Message) => void;
  /** The server closed before it opened: the session may have ended. */
  onRefused?: () => void;
  makeSocket?: (url: string) => SocketLike;
  random?: () => number;
  now_ms?: () => number;
}

/**
 * The live view's socket: delivers snapshots and deltas in order. A gap in their numbers asks for a new snapshot
 * ({"type": "resync"}) and drops what comes before it. A closed or silent link is opened again, with a growing,
 * random delay so that a restarted server is not stormed.
 */
export class LiveSocket {
  #options: Required<LiveSocketOptions>;
  #socket: SocketLike | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #seq = 0;
  #wantsSnapshot = true;

  constructor(options: LiveSocketOptions) {
    this.#options = {
      onRefused: () => {},
      makeSocket: (url) => new WebSocket(url) as SocketLike,
      random: Math.random,
      now_ms: Date.now,
      ...options,
    };
    this.#open();
  }

  /** Connects now instead of at the end of the delay (the network came back). */
  retryNow(): void {
    if (this.#socket === null) this.#open();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#drop();
  }

  #open(): void {
    clearTimeout(this.#timer);
    const socket = this.#options.makeSocket(this.#options.url);
    let opened = false;
    this.#socket = socket;
    this.#wantsSnapshot = true;
    socket.onopen = () => {
      opened = true;
      this.#watchSilence();
    };
    socket.onmessage = (event) => this.#receive(String(event.data));
    socket.onclose = () => {
      this.#drop();
      this.#options.deliver({ type: "link", link: "lost" });
      if (!opened) this.#options.onRefused();
      this.#retryLater();
    };
    this.#timer = setTimeout(() => this.#giveUp(), ANSWER_MS);
  }

  #receive(text: string): void {
    const body = JSON.parse(text) as Snapshot | Delta;
    this.#watchSilence();
    if (body.type === "snapshot") {
      this.#wantsSnapshot = false;
      this.#failures = 0;
    } else if (this.#wantsSnapshot) {
      return;
    } else if (body.seq !== this.#seq + 1) {
      this.#wantsSnapshot = true;
      this.#askSnapshot();
      return;
    }
    this.#seq = body.seq;
    this.#options.deliver({ type: "received", body, at_ms: this.#options.now_ms() });
  }

  #askSnapshot(): void {
    this.#socket?.send(JSON.stringify({ type: "resync" }));
  }

  #watchSilence(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#askSnapshot();
      this.#timer = setTimeout(() => this.#giveUp(), ANSWER_MS);
    }, SILENCE_MS);
  }

  /** A close() of a dead link may take minutes to be told: act on it now. */
  #giveUp(): void {
    this.#drop();
    this.#options.deliver({ type: "link", link: "lost" });
    this.#retryLater();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#timer);
    if (socket === null) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #retryLater(): void {
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    const delay_ms = longest * (0.5 + 0.5 * this.#options.random());
    this.#timer = setTimeout(() => this.#open(), delay_ms);
  }
}
