import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import { problemCode } from "../intents";
import { wordsFor } from "../words";

/** What a failed request means, in the person's words. */
export function problemWords(error: unknown): string {
  const { code, detail } = problemCode(error);
  return wordsFor("problem", code, { detail });
}

function show(notice: { message: string; color: string; autoClose?: number }): void {
  const closeButtonProps = { "aria-label": i18next.t("app.close") };
  notifications.show({ withBorder: true, closeButtonProps, ...notice });
}

export function showDone(message: string): void {
  show({ message, color: "teal" });
}

/** A refusal's code from the dialer; `no_answer` is a delay, not a refusal. */
export function showRefusal(code: string): void {
  const color = code === "no_answer" ? "yellow" : "red";
  show({ message: wordsFor("refusal", code), color, autoClose: 8000 });
}

export function showProblem(error: unknown): void {
  show({ message: problemWords(error), color: "red", autoClose: 8000 });
}
