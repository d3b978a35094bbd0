import type { Schemas } from "../../api/client";

export type Import = Schemas["ImportView"];
export type Settings = Schemas["ImportSettings"];
export type Preview = Schemas["FilePreview"];
export type Parts = Schemas["ImportParts"];
export type FileKind = Import["kind"];
export type FindingKind = Schemas["FindingView"]["kind"];

/** The keys under which the files are kept. */
export const IMPORTS = ["imports"];
export const importKey = (id: number) => ["import", id];

/** While somebody is at work on a file it is asked for again after so long. */
export const LOOK_AGAIN_MS = 1000;

export const isBusy = ({ state }: Import) => state === "checking" || state === "loading";

/** In the order in which they are shown: what is wrong first. */
export const FINDINGS: FindingKind[] = ["bad_number", "bad_row", "do_not_call", "repeated", "shared_number"];
