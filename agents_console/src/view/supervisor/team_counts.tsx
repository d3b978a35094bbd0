import { useTranslation } from "react-i18next";
import type { AgentLive, AgentState } from "../../state/state";
import { Tile } from "./tile";

type Group = "idle" | "onCall" | "wrapUp" | "notReady" | "away";

/** What a supervisor counts together. The colour is that of the first state of each group. */
const GROUPS: Record<Group, AgentState[]> = {
  idle: ["ready", "previewing"],
  onCall: ["on_call", "reserved"],
  wrapUp: ["wrap_up"],
  notReady: ["not_ready"],
  away: ["unreachable"],
};

export function countTeam(agents: Iterable<AgentLive>): Record<Group, number> {
  const counts = { idle: 0, onCall: 0, wrapUp: 0, notReady: 0, away: 0 };
  for (const { state } of agents) {
    for (const group of Object.keys(GROUPS) as Group[]) if (GROUPS[group].includes(state)) counts[group] += 1;
  }
  return counts;
}

export function TeamCounts({ agents }: { agents: Record<string, AgentLive> }) {
  const { t } = useTranslation();
  const counts = countTeam(Object.values(agents));
  return (
    <div className="tiles tiles-team">
      {(Object.keys(GROUPS) as Group[]).map((group) => (
        <Tile
          key={group}
          label={t(`supervisor.${group}`)}
          value={counts[group]}
          state={GROUPS[group][0]}
          testid={`team-${group}`}
        />
      ))}
    </div>
  );
}
