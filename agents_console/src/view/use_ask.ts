import { useCallback, useRef, useState } from "react";
import { ask, type Intent, settle } from "../intents";
import { showProblem, showRefusal } from "./notices";

/**
 * Asks the dialer for things, one at a time. `pending` names what is under way (a button's loader); a refusal or a
 * problem is shown to the person. `run` gives true when it was done.
 */
export function useAsk() {
  const [pending, setPending] = useState<string | null>(null);
  const busy = useRef(false);

  const runAs = useCallback(async (name: string, act: () => Promise<string | null>): Promise<boolean> => {
    if (busy.current) return false;
    busy.current = true;
    setPending(name);
    try {
      const refusal = await act();
      if (refusal !== null) showRefusal(refusal);
      return refusal === null;
    } catch (error) {
      showProblem(error);
      return false;
    } finally {
      busy.current = false;
      setPending(null);
    }
  }, []);

  const run = useCallback((intent: Intent) => runAs(intent.type, () => ask(intent)), [runAs]);
  const runAccepted = useCallback(
    (name: string, accepted: () => Promise<{ id: number }>) => runAs(name, () => settle(accepted())),
    [runAs],
  );
  return { pending, run, runAccepted };
}
