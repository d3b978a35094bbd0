import type { Schemas } from "../../api/client";
import { queries } from "../../session";

export type Person = Schemas["PersonView"];

/** The key under which a person is kept. */
export const personKey = (id: number) => ["person", id];

/** Reads the person anew, and why he is called or not: somebody has just decided something. */
export async function refreshPerson(id: number): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: personKey(id) }),
    queries.invalidateQueries({ queryKey: ["why"] }),
  ]);
}
