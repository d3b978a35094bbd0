import { Button, Group, Menu } from "@mantine/core";
import { IconChevronDown, IconLogout, IconUser } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useRoute } from "wouter";
import { answer, api } from "../api/client";
import { ask } from "../intents";
import { type Me, type Page, queries, SESSION } from "../session";
import { softphone } from "../softphone";
import { live, useLive } from "../state/store";
import { Brand } from "./brand";
import { showProblem } from "./notices";
import { ColourSwitch, LanguageSwitch } from "./preferences";

export function Header({ me, pages }: { me: Me; pages: Page[] }) {
  return (
    <header className="header">
      <Group gap="lg" wrap="nowrap">
        <Brand />
        {pages.length > 1 && (
          <Group component="nav" gap={2} wrap="nowrap">
            {pages.map((page) => (
              <PageLink key={page} page={page} />
            ))}
          </Group>
        )}
      </Group>
      <Group gap="sm" wrap="nowrap">
        <LanguageSwitch />
        <ColourSwitch />
        <PersonMenu me={me} />
      </Group>
    </header>
  );
}

function PageLink({ page }: { page: Page }) {
  const { t } = useTranslation();
  const [here] = useRoute(`/${page}/*?`);
  return (
    <Link
      href={`/${page}`}
      className="page-link"
      aria-current={here ? "page" : undefined}
      data-testid={`page-${page}`}
    >
      {t(`app.pages.${page}`)}
    </Link>
  );
}

function PersonMenu({ me }: { me: Me }) {
  const { t } = useTranslation();
  const inCall = useLive((state) => state.me?.call != null && state.me.state !== "previewing");
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconUser size={16} />}
          rightSection={<IconChevronDown size={14} />}
          aria-label={t("app.menu", { name: me.display_name })}
          data-testid="person-menu"
        >
          {me.display_name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconLogout size={16} />}
          disabled={inCall}
          onClick={() => void logOut().catch(showProblem)}
          data-testid="log-out"
        >
          {inCall ? t("app.logOutInCall") : t("app.logOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Ends the phone's leg, the phone and the session, in this order: each needs the next one still there. */
async function logOut(): Promise<void> {
  const state = live.read().me?.state;
  if (state !== undefined && state !== "logged_out") await ask({ type: "log_out" });
  softphone.stop();
  await answer(api.DELETE("/api/v1/session"));
  queries.setQueryData(SESSION, null);
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION[0] });
}
