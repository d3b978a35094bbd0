import { Text } from "@mantine/core";
import { memo, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AgentLive, AgentState } from "../../state/state";
import { Since } from "../clock";
import { StateLabel } from "../state_label";

/** Trouble first, then those in a call, then the rest. */
const ORDER: AgentState[] = [
  "unreachable",
  "on_call",
  "reserved",
  "wrap_up",
  "ready",
  "previewing",
  "not_ready",
  "logged_out",
];

/** One for all comparisons: `localeCompare` makes its own each time. */
const names = new Intl.Collator();

export function sortAgents(agents: Iterable<AgentLive>): AgentLive[] {
  return [...agents].sort(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || names.compare(a.name, b.name),
  );
}

/** Rows drawn at once. */
const SLICE = 30;

/** How many of `total` rows to draw: a slice at first, and one more each time the page has had its turn. */
function useSlices(total: number): number {
  const [drawn, setDrawn] = useState(SLICE);
  useEffect(() => {
    if (drawn >= total) return;
    const timer = setTimeout(() => setDrawn(drawn + SLICE));
    return () => clearTimeout(timer);
  }, [drawn, total]);
  return drawn;
}

export function AgentsTable({ agents, known }: { agents: Record<string, AgentLive>; known: boolean }) {
  const { t } = useTranslation();
  const sorted = sortAgents(Object.values(agents));
  const drawn = useSlices(sorted.length);
  if (sorted.length === 0) {
    return known ? <Text c="dimmed">{t("supervisor.noAgents")}</Text> : null;
  }
  return (
    <div className="panel panel-table">
      <table className="agents" aria-label={t("supervisor.agents")}>
        <thead>
          <tr>
            <th>{t("supervisor.name")}</th>
            <th>{t("supervisor.state")}</th>
            <th>{t("supervisor.time")}</th>
            <th>{t("supervisor.calls")}</th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, drawn).map((agent) => (
            <Row key={agent.id} agent={agent} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/**
 * Drawn anew only when this agent changes: a room of 200 sends several changes a second. Plain elements: the library's
 * would be a thousand components more.
 */
const Row = memo(function Row({ agent }: { agent: AgentLive }) {
  return (
    <tr data-testid={`agent-${agent.id}`} data-state={agent.state}>
      <td>{agent.name}</td>
      <td>
        <StateLabel state={agent.state} reason={agent.reason} />
      </td>
      <td>{agent.state === "logged_out" ? "—" : <Since at={agent.since} />}</td>
      <td>{agent.calls_today}</td>
    </tr>
  );
});
