import { useCallback, useEffect, useState } from "react";

const PREFIX = "cadencia.note.";
/** Notes of calls that were never disposed of here are dropped after two days. */
const KEPT_MS = 2 * 86_400_000;

/** The note of one call, kept by the browser with every key stroke, so that a reload or a crash loses nothing. */
export function useNote(attemptId: string) {
  const [note, setNote] = useState(() => readNote(attemptId));
  useEffect(() => setNote(readNote(attemptId)), [attemptId]);
  const write = useCallback(
    (text: string) => {
      setNote(text);
      keepNote(attemptId, text);
    },
    [attemptId],
  );
  return { note, write };
}

function readNote(attemptId: string): string {
  const kept = localStorage.getItem(PREFIX + attemptId);
  return kept === null ? "" : parse(kept).text;
}

function keepNote(attemptId: string, text: string): void {
  if (text === "") localStorage.removeItem(PREFIX + attemptId);
  else localStorage.setItem(PREFIX + attemptId, JSON.stringify({ text, at_ms: Date.now() }));
}

export function dropNote(attemptId: string): void {
  localStorage.removeItem(PREFIX + attemptId);
}

/** A debtor's words must not stay for ever on a shared computer. */
export function dropOldNotes(now_ms: number): void {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && now_ms - parse(localStorage.getItem(key) ?? "").at_ms > KEPT_MS) {
      localStorage.removeItem(key);
    }
  }
}

function parse(kept: string): { text: string; at_ms: number } {
  try {
    return { text: "", at_ms: 0, ...JSON.parse(kept) };
  } catch {
    return { text: "", at_ms: 0 };
  }
}
