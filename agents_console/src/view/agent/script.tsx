import { Alert, Text, Title } from "@mantine/core";
import Markdown, { type MarkdownToJSX } from "markdown-to-jsx/react";
import { useTranslation } from "react-i18next";
import type { CallCard } from "../../state/state";

/**
 * Scripts are text to read aloud: no HTML from them, no pictures (they would tell another server that the script is
 * open), no links to leave the call by.
 */
export const SCRIPT_MARKDOWN: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  disableAutoLink: true,
  forceBlock: true,
  wrapper: "div",
  overrides: {
    a: ({ children }: { children: React.ReactNode }) => <span>{children}</span>,
    img: ({ alt }: { alt?: string }) => <span>{alt}</span>,
    h1: { component: "h3" },
    h2: { component: "h3" },
    h3: { component: "h4" },
  },
};

export function Script({ call }: { call: CallCard }) {
  const { t } = useTranslation();
  return (
    <section className="panel script" aria-labelledby="script">
      <div className="panel-head">
        <Title order={2} size="h5" id="script">
          {t("call.script")}
        </Title>
        {call.script_name && (
          <Text size="sm" c="dimmed">
            {call.script_name}
          </Text>
        )}
      </div>
      {call.script_error && (
        <Alert color="yellow" role="note" title={t("call.scriptError")}>
          {call.script_error}
        </Alert>
      )}
      {call.script_markdown.trim() === "" ? (
        <Text c="dimmed">{t("call.noScript")}</Text>
      ) : (
        // The script may be longer than the page: it scrolls, by keyboard too.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        <div className="script-text" tabIndex={0} data-testid="script">
          <Markdown options={SCRIPT_MARKDOWN}>{call.script_markdown}</Markdown>
        </div>
      )}
    </section>
  );
}
