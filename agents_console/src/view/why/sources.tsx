import { Anchor } from "@mantine/core";
import type { Schemas } from "../../api/client";

/** Where a rule was read, each as a link. */
export function Sources({ sources }: { sources: Schemas["CitedSource"][] }) {
  return sources.map((source, index) => (
    <span key={source.id}>
      {index > 0 && " · "}
      <Anchor
        c="var(--mantine-color-text)"
        href={source.url}
        target="_blank"
        rel="noreferrer noopener"
        underline="always"
        inherit
      >
        {source.ref}
      </Anchor>
    </span>
  ));
}
