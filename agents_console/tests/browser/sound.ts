/** A stereo recording as the switch makes them: the customer left, the agent right, talking in turns. */

const RATE = 8_000;
export const PEAKS_PER_S = 10;

/** Loudness of (customer, agent) at a moment, 0..1: each speaks while the other listens. */
function loudness(at_s: number): [number, number] {
  const breath = 0.55 + 0.45 * Math.sin(at_s * 7.3) * Math.sin(at_s * 2.1);
  const customer = Math.sin(at_s * 0.9) > 0.1;
  return customer ? [0.8 * breath, 0.03] : [0.02, 0.7 * breath];
}

const made = new Map<number, Buffer>();

export function makeStereoWav(duration_s: number): Buffer {
  const known = made.get(duration_s);
  if (known) return known;
  const frames = Math.round(duration_s * RATE);
  const data = Buffer.alloc(frames * 4);
  for (let n = 0; n < frames; n++) {
    const at_s = n / RATE;
    const [customer, agent] = loudness(at_s);
    data.writeInt16LE(Math.round(9000 * customer * Math.sin(2 * Math.PI * 1000 * at_s)), n * 4);
    data.writeInt16LE(Math.round(9000 * agent * Math.sin(2 * Math.PI * 440 * at_s)), n * 4 + 2);
  }
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(2, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 4, 28);
  head.writeUInt16LE(4, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  const sound = Buffer.concat([head, data]);
  made.set(duration_s, sound);
  return sound;
}

export function soundPeaks(duration_s: number): { customer: number[]; agent: number[] } {
  const slices = Array.from({ length: Math.ceil(duration_s * PEAKS_PER_S) }, (_, n) =>
    loudness(n / PEAKS_PER_S),
  );
  const wave = (side: 0 | 1) => slices.map((both) => Math.round(255 * Math.max(0, both[side])));
  return { customer: wave(0), agent: wave(1) };
}
