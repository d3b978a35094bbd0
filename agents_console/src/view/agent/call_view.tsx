import { useState } from "react";
import type { PhoneView } from "../../softphone/softphone";
import type { CallCard, MeLive } from "../../state/state";
import { CallControls } from "./call_controls";
import { CallHead } from "./call_head";
import { Debts, Phones } from "./debts";
import { Dispositions } from "./dispositions";
import { Preview } from "./preview";
import { Script } from "./script";
import type { Result } from "./walk";

/** The call, or the lead before it: the record, what to say, and what to do, each in its fixed place. */
export function CallView({ me, call, phone }: { me: MeLive; call: CallCard; phone: PhoneView }) {
  const previewing = call.attempt_id === null;
  const [proposed, setProposed] = useState<Result | null>(null);
  return (
    <main className="call" data-testid="call-card" data-attempt={call.attempt_id ?? ""}>
      <CallHead call={call} />
      <div className="call-columns">
        <div className="call-record">
          <Debts debts={call.debts} />
          <Phones call={call} />
        </div>
        <Script call={call} onResult={setProposed} />
        <div className="call-actions">
          {previewing ? <Preview call={call} /> : <CallControls me={me} call={call} phone={phone} />}
          {call.attempt_id !== null && (
            <Dispositions call={call} attemptId={call.attempt_id} proposed={proposed} />
          )}
        </div>
      </div>
    </main>
  );
}
