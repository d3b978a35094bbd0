/** How the call sounds on the way from the switch, from the browser's RTP counters. */
export interface Quality {
  /** Share of packets that never came, since the last measurement, 0..1. */
  p_lost: number;
  jitter_ms: number;
  /** Round trip to the switch; null when not known yet. */
  round_trip_ms: number | null;
  grade: "good" | "fair" | "poor";
}

/** The counters of one moment; two of them make a Quality. */
export interface RtpCounters {
  received: number;
  lost: number;
  jitter_ms: number;
  round_trip_ms: number | null;
}

/** Reads the counters of the received audio; null while there is none. */
export function readCounters(report: Iterable<Record<string, unknown>>): RtpCounters | null {
  let counters: RtpCounters | null = null;
  let round_trip_ms: number | null = null;
  for (const entry of report) {
    if (entry.type === "inbound-rtp" && entry.kind === "audio") {
      counters = {
        received: Number(entry.packetsReceived ?? 0),
        lost: Number(entry.packetsLost ?? 0),
        jitter_ms: Number(entry.jitter ?? 0) * 1000,
        round_trip_ms: null,
      };
    }
    if (
      entry.type === "candidate-pair" &&
      entry.nominated === true &&
      entry.currentRoundTripTime !== undefined
    ) {
      round_trip_ms = Number(entry.currentRoundTripTime) * 1000;
    }
  }
  return counters && { ...counters, round_trip_ms };
}

/** Limits after ITU-T G.114 (150 and 400 ms one way) and what Opus conceals well (2 %) and badly (5 %). */
export function gradeQuality(before: RtpCounters, after: RtpCounters): Quality {
  const received = after.received - before.received;
  const lost = Math.max(0, after.lost - before.lost);
  const p_lost = received + lost > 0 ? lost / (received + lost) : 0;
  const round_trip_ms = after.round_trip_ms;
  const rtt = round_trip_ms ?? 0;
  const grade =
    p_lost > 0.05 || after.jitter_ms > 60 || rtt > 400
      ? "poor"
      : p_lost > 0.02 || after.jitter_ms > 30 || rtt > 200
        ? "fair"
        : "good";
  return { p_lost, jitter_ms: after.jitter_ms, round_trip_ms, grade };
}
