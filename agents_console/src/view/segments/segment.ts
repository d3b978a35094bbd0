import type { Schemas } from "../../api/client";

export type Segment = Schemas["SegmentView"];
export type Parts = Schemas["SegmentParts"];

/** The key under which the segments are kept. */
export const SEGMENTS = ["segments"];
