import type { AgentState } from "../../state/state";

interface TileProps {
  label: string;
  value: number | string;
  testid: string;
  /** Gives the tile that state's colour. */
  state?: AgentState;
  warns?: boolean;
}

/** A figure with its name. */
export function Tile({ label, value, testid, state, warns = false }: TileProps) {
  return (
    <div className="tile" data-state={state} data-warns={warns}>
      <span className="tile-value" data-testid={testid}>
        {value}
      </span>
      <span className="tile-label">{label}</span>
    </div>
  );
}
