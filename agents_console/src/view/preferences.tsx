import {
  ActionIcon,
  SegmentedControl,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { IconMoon, IconSun } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, LANGUAGES, type Language } from "../words";

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <SegmentedControl
      size="xs"
      value={i18n.language}
      onChange={(language) => chooseLanguage(language as Language)}
      data={Object.entries(LANGUAGES).map(([value, { name }]) => ({
        value,
        label: <span title={name}>{value.toUpperCase()}</span>,
      }))}
      aria-label={t("app.language")}
      data-testid="language"
    />
  );
}

export function ColourSwitch() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const label = scheme === "light" ? t("app.dark") : t("app.light");
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        size={30}
        onClick={() => setColorScheme(scheme === "light" ? "dark" : "light")}
        aria-label={label}
        data-testid="colours"
      >
        {scheme === "light" ? <IconMoon size={17} /> : <IconSun size={17} />}
      </ActionIcon>
    </Tooltip>
  );
}
