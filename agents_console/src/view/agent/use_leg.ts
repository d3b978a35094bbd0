import { useEffect, useRef } from "react";
import { ask } from "../../intents";
import { softphone, usePhone } from "../../softphone";
import type { PhoneState } from "../../softphone/machine";
import { isMicrophoneAllowed, readChoice } from "../../softphone/microphone";
import { live, useLive } from "../../state/store";

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

/** Keeps the nailed-up leg while the phone is on. */
export function useLeg(): void {
  const phone = usePhone().state;
  const linkOpen = useLive((state) => state.link === "open");
  const legUp = useLive((state) => state.me?.leg_up ?? false);
  const asked_ms = useRef<number | null>(null);
  useEffect(() => {
    if (phone === "off" || phone === "failed") asked_ms.current = null;
    const look = () => {
      const now_ms = Date.now();
      if (!wantsLeg({ phone, linkOpen, legUp, asked_ms: asked_ms.current, now_ms })) return;
      asked_ms.current = now_ms;
      // A refusal or a dead network needs no words here: the page says that it is still connecting, and asks again.
      ask({ type: "connect_phone" }).catch(() => {});
    };
    look();
    if (phone !== "registered") return;
    const timer = setInterval(look, 500);
    return () => clearInterval(timer);
  }, [phone, linkOpen, legUp]);
}

const WAS_ON = "cadencia.phone_on";

/** Remembers, over a reload of this window, that the phone was on. */
export function rememberPhone(on: boolean): void {
  if (on) sessionStorage.setItem(WAS_ON, "1");
  else sessionStorage.removeItem(WAS_ON);
}

/** After a reload the phone comes back by itself, unless the browser would have to ask for the microphone. */
export function useReturn(mayStart: boolean): void {
  const known = useLive((state) => state.me !== null);
  useEffect(() => {
    if (!mayStart || !known) return;
    const loggedIn = live.read().me?.state !== "logged_out";
    if (sessionStorage.getItem(WAS_ON) === null && !loggedIn) return;
    void isMicrophoneAllowed().then((allowed) => {
      if (allowed) void softphone.start(readChoice());
    });
  }, [mayStart, known]);
}
