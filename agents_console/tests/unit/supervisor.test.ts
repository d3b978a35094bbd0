import { describe, expect, test } from "vitest";
import { abandonLevel } from "../../src/view/supervisor/abandonment";
import { sortAgents } from "../../src/view/supervisor/agents_table";
import { readFigures } from "../../src/view/supervisor/pacing_words";
import { countTeam } from "../../src/view/supervisor/team_counts";
import { AGENTS, campaignLive } from "../browser/demo_data";

describe("the supervisor's view", () => {
  test("abandonment is calm, close to its cap from three quarters on, or over it", () => {
    expect(abandonLevel(null, 0.03)).toBe("calm");
    expect(abandonLevel(0.01, 0.03)).toBe("calm");
    expect(abandonLevel(0.0225, 0.03)).toBe("close");
    expect(abandonLevel(0.03, 0.03)).toBe("close");
    expect(abandonLevel(0.0301, 0.03)).toBe("over");
    expect(abandonLevel(0.001, 0)).toBe("over");
  });

  test("counts the team by what a supervisor calls it", () => {
    expect(countTeam(Object.values(AGENTS))).toEqual({ idle: 2, onCall: 3, wrapUp: 1, notReady: 2, away: 1 });
  });

  test("lists trouble first and those without a phone last, by name among equals", () => {
    const names = sortAgents(Object.values(AGENTS)).map((agent) => agent.name);
    expect(names[0]).toBe("Rosa Valdez");
    expect(names.slice(1, 4)).toEqual(["Lucía Peralta", "Óscar Medina", "Yesenia Cruz"]);
    expect(names.at(-1)).toBe("Elías Frías");
  });

  test("reads a decision's figures, in order, and skips what it has no words for", () => {
    const figures = readFigures({ ...campaignLive().pacing, secret: 3, ready: null }, "en-US");
    expect(figures[0]).toEqual(["calls", {}, "2"]);
    expect(figures.map(([key]) => key)).not.toContain("ready");
    expect(figures.map(([key]) => key)).not.toContain("secret");
    expect(figures).toContainEqual(["risk_next", {}, "4.1%"]);
    expect(figures).toContainEqual(["answers_ahead", { seconds: "10" }, "2.6"]);
  });
});
