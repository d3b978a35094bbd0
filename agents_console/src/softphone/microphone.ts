/** Why there is no sound from the person: each has words of its own on the screen. */
export type MicrophoneFault = "microphone_denied" | "microphone_missing" | "microphone_busy" | "not_secure";

export class MicrophoneError extends Error {
  constructor(readonly fault: MicrophoneFault) {
    super(fault);
  }
}

/** What a person chose for his microphone; kept by the browser. */
export interface MicrophoneChoice {
  /** null: the system's own choice. */
  deviceId: string | null;
  /** The browser's noise suppression and gain control; off for headsets that do it themselves. */
  cleanSound: boolean;
}

const CHOICE_KEY = "cadencia.microphone";
const DEFAULT_CHOICE: MicrophoneChoice = { deviceId: null, cleanSound: true };

export function readChoice(): MicrophoneChoice {
  try {
    return { ...DEFAULT_CHOICE, ...JSON.parse(localStorage.getItem(CHOICE_KEY) ?? "{}") };
  } catch {
    return DEFAULT_CHOICE;
  }
}

export function keepChoice(choice: MicrophoneChoice): void {
  localStorage.setItem(CHOICE_KEY, JSON.stringify(choice));
}

/** The microphone's sound. Asks for permission when needed; throws MicrophoneError. */
export async function openMicrophone(choice: MicrophoneChoice): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) throw new MicrophoneError("not_secure");
  const sound = { noiseSuppression: choice.cleanSound, autoGainControl: choice.cleanSound };
  const audio: MediaTrackConstraints = { ...sound, echoCancellation: choice.cleanSound };
  if (choice.deviceId !== null) audio.deviceId = { ideal: choice.deviceId };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio, video: false });
  } catch (error) {
    throw new MicrophoneError(readFault(error));
  }
}

function readFault(error: unknown): MicrophoneFault {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "microphone_denied";
  if (name === "NotReadableError" || name === "AbortError") return "microphone_busy";
  return "microphone_missing";
}

/** Has the person allowed the microphone before, so that opening it asks nothing? */
export async function isMicrophoneAllowed(): Promise<boolean> {
  try {
    const permission = await navigator.permissions.query({ name: "microphone" as PermissionName });
    return permission.state === "granted";
  } catch {
    return false; // a browser that can't tell: let the person press the button
  }
}

export interface Microphone {
  deviceId: string;
  label: string;
}

/** The microphones of this machine; without labels until permission was given once. */
export async function listMicrophones(): Promise<Microphone[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter((device) => device.kind === "audioinput" && device.deviceId !== "")
    .map(({ deviceId, label }) => ({ deviceId, label: label || deviceId.slice(0, 8) }));
}

/** The softest sound that the meter shows, dB below full scale. */
const METER_FLOOR_DB = -60;

/** Calls `show` about 15 times a second with the loudness of `stream`, 0 (silence) to 1. Returns the way to stop. */
export function meterLevel(stream: MediaStream, show: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    const level_db = 10 * Math.log10(power + 1e-12);
    show(Math.min(1, Math.max(0, 1 - level_db / METER_FLOOR_DB)));
  }, 66);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/** Plays notes one after another in the person's ear: [frequency Hz, duration s]. */
export function playNotes(notes: [number, number][], gain = 0.08): void {
  const context = new AudioContext();
  const volume = new GainNode(context, { gain });
  volume.connect(context.destination);
  let at = context.currentTime + 0.02;
  for (const [frequency, duration_s] of notes) {
    const note = new OscillatorNode(context, { frequency, type: "sine" });
    note.connect(volume);
    note.start(at);
    note.stop(at + duration_s);
    at += duration_s + 0.03;
  }
  setTimeout(() => void context.close(), (at - context.currentTime) * 1000 + 200);
}
