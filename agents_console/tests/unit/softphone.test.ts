import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nextPhoneState, PHONE_TRANSITIONS, type PhoneState } from "../../src/softphone/machine";
import { type MicrophoneChoice, MicrophoneError } from "../../src/softphone/microphone";
import { type SessionLike, Softphone, type UserAgentLike } from "../../src/softphone/softphone";

const CHOICE: MicrophoneChoice = { deviceId: null, cleanSound: true };

class Emitter {
  #listeners = new Map<string, ((data: unknown) => void)[]>();
  on(event: string, listener: (data: unknown) => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }
  emit(event: string, data: unknown = {}): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(data);
  }
}

class FakeSession extends Emitter implements SessionLike {
  done: string[] = [];
  ended = false;
  holds = true;
  track = { kind: "audio" };
  stats = { type: "inbound-rtp", kind: "audio", packetsReceived: 100, packetsLost: 0, jitter: 0.002 };
  connection = {
    getReceivers: () => [{ track: this.track }],
    getStats: async () => new Map([["in", { ...this.stats }]]),
  } as unknown as RTCPeerConnection;
  answer(options: { mediaStream?: unknown; pcConfig?: unknown }): void {
    this.done.push(`answer ${JSON.stringify(options.pcConfig)}`);
  }
  terminate(): void {
    this.done.push("terminate");
    this.ended = true;
    this.emit("ended");
  }
  isEnded(): boolean {
    return this.ended;
  }
  mute(): void {
    this.done.push("mute");
  }
  unmute(): void {
    this.done.push("unmute");
  }
  hold(): boolean {
    this.done.push("hold");
    return this.holds;
  }
  unhold(): boolean {
    this.done.push("unhold");
    return this.holds;
  }
  sendDTMF(tones: string, options: { transportType?: string }): void {
    this.done.push(`tones ${tones} ${options.transportType}`);
  }
}

class FakeUserAgent extends Emitter implements UserAgentLike {
  done: string[] = [];
  connected = true;
  registered = false;
  constructor(public password: string) {
    super();
  }
  start(): void {
    this.done.push("start");
  }
  stop(): void {
    this.done.push("stop");
  }
  register(): void {
    this.done.push("register");
  }
  set(_: "password", value: string): boolean {
    this.password = value;
    return true;
  }
  isConnected(): boolean {
    return this.connected;
  }
  isRegistered(): boolean {
    return this.registered;
  }
  accept(): void {
    this.registered = true;
    this.emit("registered");
  }
  refuse(status_code: number | null): void {
    this.registered = false;
    this.emit("registrationFailed", { response: status_code === null ? null : { status_code } });
  }
  ring(): FakeSession {
    const session = new FakeSession();
    this.emit("newRTCSession", { originator: "remote", session });
    return session;
  }
}

function fakeMicrophone() {
  const listeners: (() => void)[] = [];
  const track = {
    stopped: false,
    stop() {
      this.stopped = true;
    },
    addEventListener: (_: string, listener: () => void) => listeners.push(listener),
  };
  const stream = { getTracks: () => [track], getAudioTracks: () => [track] } as unknown as MediaStream;
  return {
    stream,
    track,
    unplug() {
      for (const listener of listeners) listener();
    },
  };
}

let agents: FakeUserAgent[];
let minted: number;
let mintFails: boolean;
let microphone: ReturnType<typeof fakeMicrophone>;
let microphoneFault: MicrophoneError | null;
let played: unknown[];
let playFails: boolean;
let phone: Softphone;
let passed: PhoneState[];

const agent = () => agents.at(-1) as FakeUserAgent;
const state = () => phone.read().state;

beforeEach(() => {
  vi.useFakeTimers();
  agents = [];
  minted = 0;
  mintFails = false;
  microphone = fakeMicrophone();
  microphoneFault = null;
  played = [];
  playFails = false;
  passed = [];
  phone = new Softphone({
    mint: async () => {
      if (mintFails) throw new Error("no");
      minted += 1;
      const expires_at = new Date(Date.now() + 12 * 3_600_000).toISOString();
      const rest = { realm: "cadencia", domain: "switch", socket_url: "ws://switch/ws", expires_at };
      return { sip_user: "agent-1", password: `p${minted}`, ...rest };
    },
    playRemote: async (track) => {
      played.push(track);
      if (playFails && track !== null) throw new DOMException("click first", "NotAllowedError");
    },
    makeUserAgent: (credentials) => {
      agents.push(new FakeUserAgent(credentials.password));
      return agent();
    },
    openMicrophone: async () => {
      if (microphoneFault) throw microphoneFault;
      return microphone.stream;
    },
  });
  phone.subscribe(() => {
    if (passed.at(-1) !== state()) passed.push(state());
  });
});

afterEach(() => vi.useRealTimers());

async function callUp(): Promise<FakeSession> {
  await phone.start(CHOICE);
  agent().accept();
  const session = agent().ring();
  session.emit("confirmed");
  return session;
}

describe("the table", () => {
  test("an input that a state does not know changes nothing", () => {
    expect(nextPhoneState("off", "registered")).toBe("off");
    expect(nextPhoneState("up", "disconnected")).toBe("up");
    expect(nextPhoneState("failed", "confirmed")).toBe("failed");
  });

  test("every state but off can be stopped, and every state can be reached", () => {
    const reached = new Set(Object.values(PHONE_TRANSITIONS).flatMap((row) => Object.values(row)));
    for (const each of Object.keys(PHONE_TRANSITIONS) as PhoneState[]) {
      expect(nextPhoneState(each, "stop")).toBe("off");
      expect(reached).toContain(each);
    }
  });
});

describe("a log-in", () => {
  test("registers, answers the switch by itself without ICE servers, and plays the far end", async () => {
    const session = await callUp();
    expect(passed).toEqual(["connecting", "registered", "ringing", "up"]);
    expect(session.done).toEqual(['answer {"iceServers":[]}']);
    expect(played).toEqual([session.track]);
  });

  test("sends its answer with the first ICE candidate", async () => {
    await phone.start(CHOICE);
    agent().accept();
    const ready = vi.fn();
    agent().ring().emit("icecandidate", { ready });
    expect(ready).toHaveBeenCalledOnce();
  });

  test("a call of our own making is not answered", async () => {
    await phone.start(CHOICE);
    const session = new FakeSession();
    agent().emit("newRTCSession", { originator: "local", session });
    expect(session.done).toEqual([]);
  });

  test("a newer call of the switch replaces the leg", async () => {
    const old = await callUp();
    const fresh = agent().ring();
    fresh.emit("confirmed");
    expect(old.done).toContain("terminate");
    expect(state()).toBe("up");
    old.emit("ended");
    expect(state()).toBe("up");
  });

  test("stop hangs up, unregisters and frees the microphone at once; what comes later is not heard", async () => {
    const session = await callUp();
    phone.stop();
    expect(agent().done).toEqual(["start", "stop"]);
    expect(microphone.track.stopped).toBe(true);
    expect(played.at(-1)).toBeNull();
    expect(state()).toBe("off");
    agent().accept();
    session.emit("confirmed");
    expect(state()).toBe("off");
  });

  test("a stop while the microphone is still being asked for frees it when it comes", async () => {
    const starting = phone.start(CHOICE);
    phone.stop();
    await starting;
    expect(microphone.track.stopped).toBe(true);
    expect(agents).toEqual([]);
    expect(state()).toBe("off");
  });
});

describe("trouble", () => {
  test("no microphone: failed, with its reason, until started again", async () => {
    microphoneFault = new MicrophoneError("microphone_denied");
    await phone.start(CHOICE);
    expect(phone.read()).toMatchObject({ state: "failed", fault: "microphone_denied" });
    microphoneFault = null;
    await phone.start(CHOICE);
    expect(phone.read()).toMatchObject({ state: "connecting", fault: null });
  });

  test("no credentials: failed, and the microphone is freed", async () => {
    mintFails = true;
    await phone.start(CHOICE);
    expect(phone.read()).toMatchObject({ state: "failed", fault: "no_credentials", microphone: null });
    expect(microphone.track.stopped).toBe(true);
  });

  test("a headset unplugged in a call fails the phone", async () => {
    await callUp();
    microphone.unplug();
    expect(phone.read()).toMatchObject({ state: "failed", fault: "microphone_missing" });
    expect(agent().done).toContain("stop");
  });

  test("a refused registration fetches new credentials; the third refusal asks a person", async () => {
    await phone.start(CHOICE);
    agent().refuse(403);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(agent().password).toBe("p2");
    expect(agent().done).toEqual(["start", "register"]);
    agent().refuse(401);
    await vi.advanceTimersByTimeAsync(2_000);
    agent().refuse(401);
    expect(phone.read()).toMatchObject({ state: "failed", fault: "rejected" });
  });

  test("in a call a refusal never cuts it", async () => {
    await callUp();
    for (let n = 0; n < 5; n++) {
      agent().refuse(403);
      await vi.advanceTimersByTimeAsync(2_000);
    }
    expect(state()).toBe("up");
    expect(agent().done).not.toContain("stop");
  });

  test("a switch that does not answer is asked again with the same credentials", async () => {
    await phone.start(CHOICE);
    agent().refuse(null);
    await vi.advanceTimersByTimeAsync(2_000);
    agent().refuse(503);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(agent().done).toEqual(["start", "register", "register"]);
    expect(minted).toBe(1);
    agent().accept();
    expect(state()).toBe("registered");
  });

  test("signalling may go and come in a call; after the call its state shows", async () => {
    const session = await callUp();
    agent().registered = false;
    agent().emit("disconnected");
    expect(state()).toBe("up");
    session.emit("ended");
    expect(state()).toBe("connecting");
    agent().accept();
    expect(state()).toBe("registered");
  });

  test("credentials are renewed before they end", async () => {
    await callUp();
    await vi.advanceTimersByTimeAsync(9.5 * 3_600_000);
    expect(minted).toBe(1);
    await vi.advanceTimersByTimeAsync(0.2 * 3_600_000);
    expect(minted).toBe(2);
    expect(agent().password).toBe("p2");
    expect(state()).toBe("up");
  });

  test("sound that the browser blocks is told, and played from a click", async () => {
    playFails = true;
    await callUp();
    await vi.advanceTimersByTimeAsync(0);
    expect(phone.read().soundBlocked).toBe(true);
    playFails = false;
    phone.unblockSound();
    await vi.advanceTimersByTimeAsync(0);
    expect(phone.read().soundBlocked).toBe(false);
  });
});

describe("controls", () => {
  test("mute, hold and tones act on the call, once per change", async () => {
    const session = await callUp();
    phone.setMuted(true);
    phone.setMuted(true);
    phone.setHeld(true);
    phone.sendTones("12#");
    phone.setHeld(false);
    phone.setMuted(false);
    expect(session.done.slice(1)).toEqual(["mute", "hold", "tones 12# RFC2833", "unhold", "unmute"]);
    expect(phone.read()).toMatchObject({ muted: false, held: false });
  });

  test("a hold that can't be made now is not shown as made", async () => {
    const session = await callUp();
    session.holds = false;
    phone.setHeld(true);
    expect(phone.read().held).toBe(false);
  });

  test("a new leg begins neither muted nor on hold", async () => {
    const session = await callUp();
    phone.setMuted(true);
    phone.setHeld(true);
    session.emit("ended");
    expect(phone.read()).toMatchObject({ state: "registered", muted: false, held: false });
  });

  test("the sound's quality is measured every three seconds", async () => {
    const session = await callUp();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(phone.read().quality).toBeNull();
    Object.assign(session.stats, { packetsReceived: 245, packetsLost: 5 });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(phone.read().quality).toMatchObject({ grade: "fair", p_lost: 5 / 150 });
  });

  test("without a call they do nothing", async () => {
    await phone.start(CHOICE);
    phone.setMuted(true);
    phone.setHeld(true);
    phone.sendTones("1");
    expect(phone.read()).toMatchObject({ muted: false, held: false });
  });
});
