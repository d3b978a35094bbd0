import { ApiError, answer, api, type Schemas } from "./api/client";
import { live } from "./state/store";

export type Intent = Schemas["IntentRequest"]["intent"];

/** How long a person waits for the dialer's word before we say that it is late. */
const PATIENCE_MS = 6_000;

/** Asks the shard for something. Gives null when it was done, else the code of the refusal (`no_answer`: not yet). */
export async function ask(intent: Intent): Promise<string | null> {
  const key = crypto.randomUUID();
  return settle(answer(api.POST("/api/v1/intents", { body: { key, intent } })));
}

/** The same for an intent that another path of the API makes, e.g. starting a campaign. */
export async function settle(accepted: Promise<{ id: number }>): Promise<string | null> {
  const { id } = await accepted;
  return new Promise((resolve) => {
    const finish = (code: string | null) => {
      stop();
      clearTimeout(timer);
      resolve(code);
    };
    // The live word may have come before the answer to the POST: look before waiting.
    const look = () => {
      const code = live.read().settled[id];
      if (code !== undefined) finish(code);
    };
    const stop = live.subscribe(look);
    const timer = setTimeout(() => finish("no_answer"), PATIENCE_MS);
    look();
  });
}

/** The code under which the console has words for a failed request. */
export function problemCode(error: unknown): { code: string; detail: string } {
  if (error instanceof ApiError) return { code: error.problem.type, detail: error.problem.detail };
  return { code: "unknown", detail: error instanceof Error ? error.message : String(error) };
}
