import { describe, expect, test } from "vitest";
import { en } from "../../src/words/en";
import { es } from "../../src/words/es";
import { pt } from "../../src/words/pt";

type Tree = { [key: string]: string | Tree };

/** Every text by its path, `call.hold`. */
function flatten(tree: Tree, path = ""): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") texts.set(path + key, value);
    else for (const [below, text] of flatten(value, `${path}${key}.`)) texts.set(below, text);
  }
  return texts;
}

/** `{{name}}`s of a text, sorted. */
const values = (text: string) => [...text.matchAll(/{{\s*(\w+)\s*}}/g)].map((match) => match[1]).sort();

const source = flatten(es);

describe.each([
  ["en", flatten(en)],
  ["pt", flatten(pt)],
])("%s", (_, words) => {
  test("has the keys of the Spanish words, no more and no less", () => {
    expect([...words.keys()].sort()).toEqual([...source.keys()].sort());
  });

  test("fills in the same values", () => {
    for (const [key, text] of words)
      expect([key, values(text)]).toEqual([key, values(source.get(key) ?? "")]);
  });

  test("leaves nothing empty", () => {
    for (const [key, text] of words) expect([key, text.trim() !== ""]).toEqual([key, true]);
  });
});

test("most texts were translated, not copied", () => {
  for (const other of [flatten(en), flatten(pt)]) {
    const same = [...other].filter(([key, text]) => text === source.get(key));
    expect(same.length / source.size).toBeLessThan(0.25);
  }
});
