import { useTranslation } from "react-i18next";
import type { AgentState } from "../state/state";
import { wordsFor } from "../words";

/** An agent's state in words beside its colour; the colour never speaks alone. */
export function StateLabel({ state, reason }: { state: AgentState; reason?: string | null }) {
  const { t } = useTranslation();
  return (
    <span className="state" data-state={state} data-testid="agent-state">
      <span className="state-dot" aria-hidden />
      <span>{t(`state.${state}`)}</span>
      {reason && state === "not_ready" && (
        <span className="state-reason">· {wordsFor("reason", reason)}</span>
      )}
    </span>
  );
}
