import type { Schemas } from "../../api/client";

export type Version = Schemas["ScriptVersionView"];
export type Graph = Schemas["Graph"];
export type Step = Schemas["Step"];

/** The key under which the scripts' versions are kept. */
export const SCRIPTS = ["scripts"];
