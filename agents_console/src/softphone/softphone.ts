import JsSIP from "jssip";
import { nextPhoneState, type PhoneInput, type PhoneState } from "./machine";
import { type MicrophoneChoice, MicrophoneError, type MicrophoneFault, openMicrophone } from "./microphone";
import { gradeQuality, type Quality, type RtpCounters, readCounters } from "./quality";

/** What the API mints for one log-in of the phone. */
export interface PhoneCredentials {
  sip_user: string;
  password: string;
  realm: string;
  domain: string;
  socket_url: string;
  expires_at: string;
}

/** Why the phone is FAILED: the microphone, the API (`no_credentials`) or the switch (`rejected`). */
export type PhoneFault = MicrophoneFault | "no_credentials" | "rejected";

/** What the screen shows of the phone. Replaced whole on every change. */
export interface PhoneView {
  state: PhoneState;
  fault: PhoneFault | null;
  muted: boolean;
  held: boolean;
  /** The browser refused to play sound before a click: `unblockSound` must be called from one. */
  soundBlocked: boolean;
  quality: Quality | null;
  /** The open microphone, for the level meter. */
  microphone: MediaStream | null;
}

// biome-ignore lint/suspicious/noExplicitAny: JsSIP types each event's argument apart; each listener says what it reads
type Listener = (data: any) => void;

/** The part of JsSIP's session that is used: a fake of it drives the tests. */
export interface SessionLike {
  readonly connection: RTCPeerConnection;
  on(event: string, listener: Listener): unknown;
  answer(options: object): void;
  terminate(options?: object): void;
  isEnded(): boolean;
  mute(options: object): void;
  unmute(options: object): void;
  hold(): boolean;
  unhold(): boolean;
  sendDTMF(tones: string, options: object): void;
}

/** The part of JsSIP's user agent that is used. */
export interface UserAgentLike {
  on(event: string, listener: Listener): unknown;
  start(): void;
  stop(): void;
  register(): void;
  set(parameter: "password", value: string): boolean;
  isConnected(): boolean;
  isRegistered(): boolean;
}

export interface SoftphoneOptions {
  /** Fresh credentials from the API. */
  mint: () => Promise<PhoneCredentials>;
  /** Where the far end's sound plays. */
  playRemote: (track: MediaStreamTrack | null) => Promise<void>;
  makeUserAgent?: (credentials: PhoneCredentials) => UserAgentLike;
  openMicrophone?: (choice: MicrophoneChoice) => Promise<MediaStream>;
}

/** Refused registrations in a row before a person is asked. */
const MAX_REFUSALS = 3;
const REGISTER_AGAIN_MS = 2_000;
const QUALITY_EVERY_MS = 3_000;
/** New credentials are fetched at this share of the old ones' life. */
const RENEW_AT = 0.8;

const OFF: PhoneView = {
  state: "off",
  fault: null,
  muted: false,
  held: false,
  soundBlocked: false,
  quality: null,
  microphone: null,
};

/**
 * The agent's phone: registers at the switch with credentials minted for this log-in, answers the call of the switch
 * by itself and keeps that leg for the whole log-in. Customers come and go on it without a sound of signalling.
 */
export class Softphone {
  #options: Required<SoftphoneOptions>;
  #view = OFF;
  #listeners = new Set<() => void>();
  #agent: UserAgentLike | null = null;
  #session: SessionLike | null = null;
  #counters: RtpCounters | null = null;
  #refusals = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Counts starts and stops: what an older start still awaits must not touch a newer phone. */
  #generation = 0;

  constructor(options: SoftphoneOptions) {
    this.#options = { makeUserAgent, openMicrophone, ...options };
  }

  read = (): PhoneView => this.#view;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Opens the microphone and registers. Does nothing when already on. */
  async start(choice: MicrophoneChoice): Promise<void> {
    if (this.#view.state !== "off" && this.#view.state !== "failed") return;
    const generation = ++this.#generation;
    this.#refusals = 0;
    this.#move("start", { fault: null });
    try {
      const microphone = await this.#options.openMicrophone(choice);
      if (generation !== this.#generation) return stopTracks(microphone);
      this.#show({ microphone });
      microphone.getAudioTracks()[0]?.addEventListener("ended", () => this.#lostMicrophone(generation));
      const credentials = await this.#options.mint();
      if (generation !== this.#generation) return;
      this.#listen(this.#options.makeUserAgent(credentials), generation);
      this.#renewBefore(credentials.expires_at, generation);
      this.#after(QUALITY_EVERY_MS, generation, () => this.#measure(generation));
    } catch (error) {
      if (generation === this.#generation) {
        this.#fail(error instanceof MicrophoneError ? error.fault : "no_credentials");
      }
    }
  }

  /** Hangs up, unregisters and frees the microphone. Safe in a `pagehide`: all that must be sent is sent at once. */
  stop(): void {
    this.#release();
    this.#show({ ...OFF, state: nextPhoneState(this.#view.state, "stop") });
  }

  setMuted(muted: boolean): void {
    if (this.#session === null || this.#view.state !== "up" || muted === this.#view.muted) return;
    if (muted) this.#session.mute({ audio: true });
    else this.#session.unmute({ audio: true });
    this.#show({ muted });
  }

  /** Holds by re-INVITE: the switch plays its music to the customer. */
  setHeld(held: boolean): void {
    if (this.#session === null || this.#view.state !== "up" || held === this.#view.held) return;
    const accepted = held ? this.#session.hold() : this.#session.unhold();
    if (accepted) this.#show({ held });
  }

  /** Sends keypad tones in the audio stream (RFC 4733). */
  sendTones(tones: string): void {
    if (this.#view.state !== "up") return;
    this.#session?.sendDTMF(tones, { transportType: "RFC2833", duration: 120, interToneGap: 80 });
  }

  /** From a click, when `soundBlocked`. */
  unblockSound(): void {
    this.#play(this.#session);
  }

  #listen(agent: UserAgentLike, generation: number): void {
    this.#agent = agent;
    const on = (event: string, act: Listener) =>
      agent.on(event, (data) => {
        if (generation === this.#generation) act(data);
      });
    on("registered", () => {
      this.#refusals = 0;
      this.#move("registered");
    });
    on("disconnected", () => this.#move("disconnected"));
    on("registrationFailed", (data: { response: { status_code: number } | null }) =>
      this.#refused(data.response?.status_code ?? null, generation),
    );
    on("newRTCSession", (data: { originator: string; session: SessionLike }) => {
      if (data.originator === "remote") this.#answer(data.session, generation);
    });
    agent.start();
  }

  /** The newest call of the switch is the leg: an older one is what it replaces. */
  #answer(session: SessionLike, generation: number): void {
    const replaced = this.#session;
    this.#session = session;
    this.#counters = null;
    if (replaced !== null && !replaced.isEnded()) replaced.terminate();
    this.#move("invited", { muted: false, held: false, quality: null });
    const on = (event: string, act: Listener) =>
      session.on(event, (data) => {
        if (generation === this.#generation && session === this.#session) act(data);
      });
    on("icecandidate", (data: { ready: () => void }) => data.ready());
    on("confirmed", () => {
      this.#move("confirmed");
      this.#play(session);
    });
    on("hold", (data: { originator: string }) => data.originator === "local" && this.#show({ held: true }));
    on(
      "unhold",
      (data: { originator: string }) => data.originator === "local" && this.#show({ held: false }),
    );
    for (const end of ["ended", "failed"]) on(end, () => this.#ended());
    session.answer({
      mediaConstraints: { audio: true, video: false },
      mediaStream: this.#view.microphone ?? undefined,
      // Host candidates are enough towards a switch of one's own; servers would only delay the answer.
      pcConfig: { iceServers: [] },
    });
  }

  #ended(): void {
    this.#session = null;
    void this.#options.playRemote(null);
    this.#move("ended", { muted: false, held: false, quality: null, soundBlocked: false });
    if (this.#agent !== null && !this.#agent.isRegistered()) this.#move("disconnected");
  }

  #play(session: SessionLike | null): void {
    const track = session?.connection
      ?.getReceivers()
      .find((receiver) => receiver.track.kind === "audio")?.track;
    if (track === undefined) return;
    this.#options.playRemote(track).then(
      () => this.#show({ soundBlocked: false }),
      () => this.#show({ soundBlocked: true }),
    );
  }

  /** A refusal with a code means credentials that ended or were replaced: try with new ones. Without: the way is bad. */
  #refused(status: number | null, generation: number): void {
    if (status === null || status >= 500) {
      this.#move("disconnected");
      this.#after(REGISTER_AGAIN_MS, generation, () => {
        if (this.#agent?.isConnected() && !this.#agent.isRegistered()) this.#agent.register();
      });
      return;
    }
    this.#refusals += 1;
    // A call that stands outlives its registration: nobody is cut off for a password.
    const inCall = this.#view.state === "up" || this.#view.state === "ringing";
    if (this.#refusals >= MAX_REFUSALS && !inCall) this.#fail("rejected");
    else this.#after(REGISTER_AGAIN_MS, generation, () => void this.#renew(generation));
  }

  #renewBefore(expires_at: string, generation: number): void {
    const life_ms = Math.max(30_000, Date.parse(expires_at) - Date.now());
    this.#after(Math.min(life_ms * RENEW_AT, 2 ** 31 - 1), generation, () => void this.#renew(generation));
  }

  async #renew(generation: number): Promise<void> {
    try {
      const credentials = await this.#options.mint();
      if (generation !== this.#generation || this.#agent === null) return;
      this.#agent.set("password", credentials.password);
      this.#agent.register();
      this.#renewBefore(credentials.expires_at, generation);
    } catch {
      this.#after(REGISTER_AGAIN_MS * 5, generation, () => void this.#renew(generation));
    }
  }

  async #measure(generation: number): Promise<void> {
    const connection = this.#view.state === "up" ? this.#session?.connection : undefined;
    if (connection) {
      const report = await connection.getStats();
      const counters = readCounters(report.values() as Iterable<Record<string, unknown>>);
      if (generation !== this.#generation) return;
      if (counters && this.#counters) this.#show({ quality: gradeQuality(this.#counters, counters) });
      this.#counters = counters;
    }
    this.#after(QUALITY_EVERY_MS, generation, () => void this.#measure(generation));
  }

  /** The headset was unplugged: without it the leg is of no use. */
  #lostMicrophone(generation: number): void {
    if (generation === this.#generation) this.#fail("microphone_missing");
  }

  #fail(fault: PhoneFault): void {
    this.#release();
    this.#show({ ...OFF, state: "failed", fault });
  }

  #release(): void {
    this.#generation += 1;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#agent?.stop();
    this.#agent = null;
    this.#session = null;
    if (this.#view.microphone) stopTracks(this.#view.microphone);
    void this.#options.playRemote(null);
  }

  #after(delay_ms: number, generation: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (generation === this.#generation) act();
    }, delay_ms);
    this.#timers.add(timer);
  }

  #move(input: PhoneInput, change: Partial<PhoneView> = {}): void {
    this.#show({ ...change, state: nextPhoneState(this.#view.state, input) });
  }

  #show(change: Partial<PhoneView>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of [...this.#listeners]) listener();
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function makeUserAgent(credentials: PhoneCredentials): UserAgentLike {
  return new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(credentials.socket_url)],
    uri: `sip:${credentials.sip_user}@${credentials.domain}`,
    password: credentials.password,
    realm: credentials.realm,
    register_expires: 120,
    session_timers: false,
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 10,
    user_agent: "Cadencia console",
  }) as unknown as UserAgentLike;
}
