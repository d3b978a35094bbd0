import { Button, Center, Loader, Stack, Text, Title } from "@mantine/core";
import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link, Redirect, Route, Switch } from "wouter";
import { type Me, PAGES, type Page, queries, SESSION, useSession } from "../session";
import { LiveSocket } from "../socket/live_socket";
import { live } from "../state/store";
import { Banners } from "./banners";
import { Header } from "./header";
import { Login } from "./login";
import { problemWords } from "./notices";

// Each role loads its own screen only.
const SCREENS = {
  agent: lazy(() => import("./agent/agent_page")),
  supervisor: lazy(() => import("./supervisor/supervisor_page")),
  campaigns: lazy(() => import("./campaigns/campaigns_page")),
  imports: lazy(() => import("./imports/imports_page")),
  people: lazy(() => import("./people/people_page")),
  segments: lazy(() => import("./segments/segments_page")),
  scripts: lazy(() => import("./scripts/scripts_page")),
  plans: lazy(() => import("./plans/plans_page")),
  staffing: lazy(() => import("./staffing/staffing_page")),
  qa: lazy(() => import("./qa/qa_page")),
} satisfies Record<Page, unknown>;

export function App() {
  const { t } = useTranslation();
  const session = useSession();
  if (session.isPending) return <Waiting />;
  if (session.isError) {
    return (
      <Center h="100vh">
        <Stack align="center">
          <Text role="alert">{problemWords(session.error)}</Text>
          <Button onClick={() => session.refetch()} loading={session.isFetching}>
            {t("app.retry")}
          </Button>
        </Stack>
      </Center>
    );
  }
  return session.data === null ? <Login /> : <Pages me={session.data} />;
}

function Pages({ me }: { me: Me }) {
  useLiveSocket();
  const pages = PAGES[me.role];
  return (
    <div className="page" data-role={me.role}>
      <Header me={me} pages={pages} />
      <Banners />
      <Suspense fallback={<Waiting />}>
        <Switch>
          {pages.map((page) => {
            const Screen = SCREENS[page];
            return (
              <Route key={page} path={`/${page}/*?`}>
                <Screen me={me} />
              </Route>
            );
          })}
          <Route path="/">
            <Redirect to={`/${pages[0]}`} replace />
          </Route>
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </Suspense>
    </div>
  );
}

/** The live view, for as long as somebody is logged in. */
function useLiveSocket() {
  useEffect(() => {
    const url = new URL("/api/v1/live", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new LiveSocket({
      url: url.href,
      deliver: (message) => live.send(message),
      onRefused: () => void queries.invalidateQueries({ queryKey: SESSION }),
    });
    const online = () => socket.retryNow();
    window.addEventListener("online", online);
    return () => {
      window.removeEventListener("online", online);
      socket.close();
      live.send({ type: "logged_out" });
    };
  }, []);
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <Center h="60vh">
      <Loader aria-label={t("app.loading")} />
    </Center>
  );
}

/** Also what a role sees on another role's page: it has no such page. */
function NotFound() {
  const { t } = useTranslation();
  return (
    <Center h="60vh">
      <Stack align="center">
        <Title order={1} size="h3">
          {t("app.notFound")}
        </Title>
        <Button component={Link} href="/">
          {t("app.goHome")}
        </Button>
      </Stack>
    </Center>
  );
}
