import { useEffect, useRef } from "react";
import { ask } from "../../intents";
import { softphone, usePhone } from "../../softphone";
import { wantsLeg } from "../../softphone/leg";
import { isMicrophoneAllowed, readChoice } from "../../softphone/microphone";
import { live, useLive } from "../../state/store";

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
