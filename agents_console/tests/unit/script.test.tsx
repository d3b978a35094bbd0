import Markdown from "markdown-to-jsx/react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { SCRIPT_MARKDOWN } from "../../src/view/agent/script";

const render = (text: string) => renderToStaticMarkup(<Markdown options={SCRIPT_MARKDOWN}>{text}</Markdown>);

describe("a script", () => {
  test("shows emphasis, lists and quotes", () => {
    expect(render("Hola **Ana**")).toContain("<strong>Ana</strong>");
    expect(render("- uno\n- dos")).toContain("<li>uno</li>");
    expect(render("> aviso")).toContain("<blockquote");
  });

  test("shows HTML as text", () => {
    for (const html of [
      '<script>alert("x")</script>',
      '<img src=x onerror="alert(1)">',
      "a <b onmouseover=alert(1)>b</b>",
      "<iframe src='https://example.invalid'></iframe>",
      "<style>body{display:none}</style>",
    ]) {
      expect(render(html)).not.toMatch(/<(script|img|b |iframe|style)/);
    }
  });

  test("has no links, pictures or addresses that load", () => {
    const out = render(
      "[a](javascript:alert(1)) ![b](https://example.invalid/p.png) https://example.invalid <https://example.invalid>",
    );
    expect(out).not.toMatch(/<(a|img)\b/);
    expect(out).not.toMatch(/\b(href|src)=/);
  });

  test("a debtor's name with Markdown in it, escaped as the server does, stays a name", () => {
    const name = "\\*\\*Ana\\*\\* \\[gratis\\]\\(http\\:\\/\\/x\\.invalid\\) \\_x\\_ \\<b\\>";
    expect(render(`Hola ${name}`)).toContain("Hola **Ana** [gratis](http://x.invalid) _x_ &lt;b&gt;");
  });
});
