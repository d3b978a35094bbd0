import { useCallback, useEffect, useRef, useState } from "react";
import type { Schemas } from "../../api/client";
import { showProblem } from "../notices";

export type ForecastResult = Schemas["ForecastResult"];
type Line = Schemas["ForecastLine"]["line"];

export type ForecastState =
  | { kind: "idle" }
  | { kind: "working"; share: number }
  | { kind: "result"; result: ForecastResult }
  | { kind: "failure"; code: Schemas["ForecastFailure"]["code"] };

/** Asks for a what-if forecast and follows its lines; leaving, `stop` or `clear` ends the work on the server too. */
export function useForecast(campaignId: number) {
  const [state, setState] = useState<ForecastState>({ kind: "idle" });
  const running = useRef<AbortController | null>(null);

  const clear = useCallback(() => {
    running.current?.abort();
    running.current = null;
    setState({ kind: "idle" });
  }, []);
  /** Ends the work; what it has found stays. */
  const stop = useCallback(() => {
    running.current?.abort();
    running.current = null;
    setState((held) =>
      held.kind === "result" ? { ...held, result: { ...held.result, share: 1 } } : { kind: "idle" },
    );
  }, []);
  useEffect(() => () => running.current?.abort(), []);

  const ask = useCallback(
    async (change: Schemas["CampaignPatch"]) => {
      running.current?.abort();
      const abort = new AbortController();
      running.current = abort;
      setState({ kind: "working", share: 0 });
      try {
        const response = await fetch(`/api/v1/campaigns/${campaignId}/forecast`, {
          method: "POST",
          headers: { "content-type": "application/json", "X-Cadencia-Request": "1" },
          body: JSON.stringify({ change }),
          signal: abort.signal,
        });
        if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
        for await (const line of readLines(response.body)) {
          if (abort.signal.aborted) return;
          if (line.kind === "progress") setState({ kind: "working", share: line.share });
          else if (line.kind === "result") setState({ kind: "result", result: line });
          else setState({ kind: "failure", code: line.code });
        }
      } catch (error) {
        if (abort.signal.aborted) return;
        setState({ kind: "idle" });
        showProblem(error);
      }
    },
    [campaignId],
  );
  return { state, ask, clear, stop };
}

/** Whether more is to come. */
export function isWorking(state: ForecastState): boolean {
  return state.kind === "working" || (state.kind === "result" && state.result.share < 1);
}

/** The messages of a stream of JSON lines, as they come. */
export async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  while (true) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) yield JSON.parse(line) as Line;
    if (done) return;
  }
}
