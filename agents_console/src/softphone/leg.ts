import type { PhoneState } from "./machine";

/** The switch calls within 2 s; after this long it has missed us. */
export const ASK_AGAIN_MS = 5_000;

export interface LegSituation {
  phone: PhoneState;
  linkOpen: boolean;
  /** The dialer sees a leg of this agent: here, or at another place. */
  legUp: boolean;
  /** When this page last asked for the leg; null: not since its phone was switched on. */
  asked_ms: number | null;
  now_ms: number;
}

/**
 * Must the page ask the switch to call its phone? The first time always: that takes the leg over from a page that
 * died or another computer. Later only while nobody has it, or two computers would take it from each other for ever.
 */
export function wantsLeg({ phone, linkOpen, legUp, asked_ms, now_ms }: LegSituation): boolean {
  if (phone !== "registered" || !linkOpen) return false;
  if (asked_ms === null) return true;
  return !legUp && now_ms - asked_ms >= ASK_AGAIN_MS;
}
