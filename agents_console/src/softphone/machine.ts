/**
 * The softphone's six states.
 *
 * ```
 *        start            registered            invited            confirmed
 * OFF ----------> CONNECTING <----> REGISTERED ----------> RINGING ----------> UP
 *  ^ stop (any)      |  disconnected     ^                    |                 |
 *  |              refused                '------- ended ------'-----------------'
 *  '-------------- FAILED --start--> CONNECTING
 * ```
 * off         no phone: nothing registered, microphone free
 * connecting  asking for credentials and the microphone, reaching the switch, or reaching it again
 * registered  the switch can call us, and has not
 * ringing     its call is being answered (by itself, no person's click)
 * up          the nailed-up leg stands: audio both ways, for the whole log-in
 * failed      needs a person: `reason` says what for
 *
 * In UP the signalling may come and go (`disconnected`, `registered`): the sound does not depend on it.
 */
export type PhoneState = "off" | "connecting" | "registered" | "ringing" | "up" | "failed";

export type PhoneInput =
  | "start"
  | "registered"
  | "disconnected"
  | "refused"
  | "invited"
  | "confirmed"
  | "ended"
  | "stop";

type Row = Partial<Record<PhoneInput, PhoneState>>;

/** (state, input) -> state. An input that is missing is noise: a late event of something already left. */
export const PHONE_TRANSITIONS: Record<PhoneState, Row> = {
  off: { start: "connecting" },
  connecting: { registered: "registered", refused: "failed", invited: "ringing", stop: "off" },
  registered: { disconnected: "connecting", refused: "failed", invited: "ringing", stop: "off" },
  ringing: { confirmed: "up", ended: "registered", stop: "off" },
  up: { ended: "registered", invited: "ringing", stop: "off" },
  failed: { start: "connecting", stop: "off" },
};

export function nextPhoneState(state: PhoneState, input: PhoneInput): PhoneState {
  return PHONE_TRANSITIONS[state][input] ?? state;
}
