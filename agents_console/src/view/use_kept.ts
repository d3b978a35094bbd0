import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import { showDone, showProblem } from "./notices";

/** Settings of which the server counts the versions. */
export interface Kept<T> {
  version: number;
  settings: T;
}

interface Store<T> {
  /** What is stored now. */
  read: () => Promise<Kept<T>>;
  /** Stores `settings` made from `version`; refused with 412 when somebody stored others meanwhile. */
  write: (settings: T, version: number) => Promise<Kept<T>>;
}

/**
 * Settings that several people may edit. What a person changes is made from the version he saw when he began, whatever
 * is read meanwhile; where somebody else was quicker nothing is overwritten: `theirs` is what is stored now, and he
 * takes it, or keeps his own over it. `before` is the way back from the last save.
 */
export function useKept<T>(seenFirst: Kept<T>, { read, write }: Store<T>) {
  const { t } = useTranslation();
  const [seen, setSeen] = useState(seenFirst);
  const [draft, setDraft] = useState(seenFirst.settings);
  const [before, setBefore] = useState<T | null>(null);
  const [theirs, setTheirs] = useState<Kept<T> | null>(null);

  const begin = (kept: Kept<T>) => {
    setSeen(kept);
    setDraft(kept.settings);
    setTheirs(null);
  };
  const store = useMutation({
    mutationFn: async ({ settings, from }: { settings: T; from: Kept<T> }): Promise<Kept<T> | null> => {
      try {
        return await write(settings, from.version);
      } catch (error) {
        if (!(error instanceof ApiError && error.problem.status === 412)) throw error;
        const now = await read();
        // The version may count more than these settings: then nobody changed them.
        if (same(now.settings, from.settings)) return await write(settings, now.version);
        setTheirs(now);
        return null;
      }
    },
    onError: showProblem,
  });
  const put = (settings: T, from: Kept<T>, message: string, undo: T | null) =>
    store.mutate(
      { settings, from },
      {
        onSuccess: (kept) => {
          if (kept === null) return;
          begin(kept);
          setBefore(undo);
          showDone(message);
        },
      },
    );
  return {
    draft,
    setDraft,
    isSaving: store.isPending,
    canUndo: before !== null,
    save: (message: string) => put(draft, seen, message, seen.settings),
    undo: () => {
      if (before === null) return;
      setDraft(before);
      put(before, seen, t("kept.undone"), null);
    },
    theirs,
    takeTheirs: () => theirs && begin(theirs),
    keepMine: (message: string) => theirs && put(draft, theirs, message, theirs.settings),
  };
}

/** Whether two values of JSON say the same, whatever the order of their keys. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return (a ?? null) === (b ?? null);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
    same(left[key], right[key]),
  );
}
