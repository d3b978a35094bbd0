import { createTheme, defaultVariantColorsResolver, type MantineThemeOverride } from "@mantine/core";
import { separators } from "../format/amounts";

/** System fonts: nothing is fetched, and a tool of eight hours a day looks like the rest of the desk. */
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';

/** The console's look; number fields write as `locale` does. */
export function themeIn(locale: string): MantineThemeOverride {
  return createTheme({
    primaryColor: "indigo",
    primaryShade: { light: 7, dark: 7 },
    fontFamily: FONT,
    headings: { fontFamily: FONT, fontWeight: "650" },
    defaultRadius: "md",
    cursorType: "pointer",
    respectReducedMotion: true,
    // A palette's last shade grows paler under the mouse, too pale for white words: it grows darker instead.
    variantColorResolver: (input) => {
      const usual = defaultVariantColorsResolver(input);
      const last = input.variant === "filled" && input.color?.endsWith(".9");
      return last ? { ...usual, hover: `color-mix(in srgb, ${usual.background} 88%, black)` } : usual;
    },
    components: {
      // Its first entry has the focus; an empty placeholder for it is nothing that a menu may hold.
      Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
      NumberInput: { defaultProps: separators(locale) },
      Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
      Card: { defaultProps: { withBorder: true, padding: "lg" } },
    },
  });
}
