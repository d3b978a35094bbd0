import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./view/console.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, useMemo } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "./session";
import { App } from "./view/app";
import { themeIn } from "./view/theme";
import { useLocale } from "./view/use_locale";
import { loadWords } from "./words";

function Console() {
  const locale = useLocale();
  const theme = useMemo(() => themeIn(locale), [locale]);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <Notifications position="top-right" autoClose={5000} limit={3} />
        <App />
      </QueryClientProvider>
    </MantineProvider>
  );
}

await loadWords();
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Console />
  </StrictMode>,
);
