import type { Schemas } from "../../api/client";

export type Script = Schemas["ScriptView"];
export type Step = Schemas["StepView"];
export type Result = Schemas["ResultView"];

/** The steps gone through, the present one last. */
export type Walk = readonly string[];

export type Move = { type: "answer"; index: number } | { type: "next" } | { type: "back" };

/** What a move leads to: the new walk, the answer to log with it, and the result it proposes. */
export interface Moved {
  walk: Walk;
  answer: string | null;
  result: Result | null;
}

export const begin = (script: Script): Walk => [script.start];

export function stepOf(script: Script, walk: Walk): Step | undefined {
  return script.steps.find(({ id }) => id === walk.at(-1));
}

/** The walk after a move; null when the move is not possible here. */
export function move(script: Script, walk: Walk, by: Move): Moved | null {
  const here = stepOf(script, walk);
  if (by.type === "back") {
    return walk.length > 1 ? { walk: walk.slice(0, -1), answer: null, result: null } : null;
  }
  const chosen = by.type === "answer" ? here?.answers[by.index] : undefined;
  const to = by.type === "answer" ? chosen?.to : here?.answers.length === 0 ? here.to : null;
  const there = script.steps.find(({ id }) => id === to);
  if (there === undefined) return null;
  return {
    walk: [...walk, there.id],
    answer: chosen?.label ?? null,
    result: there.result ?? chosen?.result ?? null,
  };
}

/** A walk that was kept over a reload, when it is still one of this script. */
export function resume(script: Script, kept: string | null): Walk {
  try {
    const walk: unknown = JSON.parse(kept ?? "null");
    const known = new Set(script.steps.map(({ id }) => id));
    if (Array.isArray(walk) && walk.length > 0 && walk.every((id) => known.has(id))) return walk;
  } catch {
    // not ours: begin anew
  }
  return begin(script);
}

/** Objections whose words hold all that was typed, in any case and without accents. */
export function findObjections(script: Script, typed: string): Schemas["ObjectionView"][] {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  return script.objections.filter(({ title, markdown }) => {
    const text = plain(`${title} ${markdown}`);
    return words.every((word) => text.includes(word));
  });
}

const plain = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
