import { notifications } from "@mantine/notifications";
import { problemCode } from "../intents";
import { wordsFor } from "../words";

/** What a failed request means, in the person's words. */
export function problemWords(error: unknown): string {
  const { code, detail } = problemCode(error);
  return wordsFor("problem", code, { detail });
}

export function showDone(message: string): void {
  notifications.show({ message, color: "teal", withBorder: true });
}

/** A refusal's code from the dialer; `no_answer` is a delay, not a refusal. */
export function showRefusal(code: string): void {
  const color = code === "no_answer" ? "yellow" : "red";
  notifications.show({ message: wordsFor("refusal", code), color, withBorder: true, autoClose: 8000 });
}

export function showProblem(error: unknown): void {
  notifications.show({ message: problemWords(error), color: "red", withBorder: true, autoClose: 8000 });
}
