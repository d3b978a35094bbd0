import { describe, expect, test } from "vitest";
import { begin, findObjections, move, resume, type Script, stepOf } from "../../src/view/agent/walk";

const step = (id: string, more: Partial<Script["steps"][number]> = {}): Script["steps"][number] => ({
  id,
  title: id,
  markdown: id,
  notices: [],
  answers: [],
  to: null,
  result: null,
  ...more,
});

const PROMISE = { disposition: "promise", fields: {} };
const SCRIPT: Script = {
  version_id: 3,
  number: 2,
  start: "hello",
  error: null,
  steps: [
    step("hello", {
      answers: [
        { label: "Paga", to: "pays", result: null },
        { label: "No", to: "refuses", result: { disposition: "refused", fields: { reason: "no_money" } } },
      ],
    }),
    step("pays", { to: "thanks" }),
    step("thanks", { result: PROMISE }),
    step("refuses"),
  ],
  objections: [
    { title: "Ya pagué", markdown: "¿En qué fecha y a qué banco?" },
    { title: "No es mía", markdown: "Entiendo. Abro una disputa." },
  ],
};

describe("the walk through a script", () => {
  test("goes by answers and straight on, and ends with a proposal", () => {
    const answered = move(SCRIPT, begin(SCRIPT), { type: "answer", index: 0 });
    expect(answered).toEqual({ walk: ["hello", "pays"], answer: "Paga", result: null });
    const ended = move(SCRIPT, answered?.walk ?? [], { type: "next" });
    expect(ended).toEqual({ walk: ["hello", "pays", "thanks"], answer: null, result: PROMISE });
  });

  test("an answer may propose a result of its own", () => {
    const refused = move(SCRIPT, begin(SCRIPT), { type: "answer", index: 1 });
    expect(refused?.result).toEqual({ disposition: "refused", fields: { reason: "no_money" } });
  });

  test("goes back the way it came, not further than the start", () => {
    expect(move(SCRIPT, ["hello", "pays"], { type: "back" })?.walk).toEqual(["hello"]);
    expect(move(SCRIPT, ["hello"], { type: "back" })).toBeNull();
  });

  test("takes no way that is not there", () => {
    expect(move(SCRIPT, ["hello"], { type: "next" })).toBeNull();
    expect(move(SCRIPT, ["hello"], { type: "answer", index: 2 })).toBeNull();
    expect(move(SCRIPT, ["thanks"], { type: "next" })).toBeNull();
    expect(move(SCRIPT, ["gone"], { type: "answer", index: 0 })).toBeNull();
  });

  test("is taken up again after a reload, unless it is another script's", () => {
    expect(resume(SCRIPT, '["hello","pays"]')).toEqual(["hello", "pays"]);
    for (const kept of [null, "", "{", "[]", '["hello","elsewhere"]', "7"])
      expect(resume(SCRIPT, kept)).toEqual(["hello"]);
    expect(stepOf(SCRIPT, ["hello", "pays"])?.id).toBe("pays");
  });

  test("objections are found by any of their words, without accents", () => {
    expect(findObjections(SCRIPT, "PAGUE").map(({ title }) => title)).toEqual(["Ya pagué"]);
    expect(findObjections(SCRIPT, "que banco").map(({ title }) => title)).toEqual(["Ya pagué"]);
    expect(findObjections(SCRIPT, "abogado")).toEqual([]);
  });
});
