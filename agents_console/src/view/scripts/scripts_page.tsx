import "./scripts.css";
import { Alert, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Route, Switch } from "wouter";
import { answer, api } from "../../api/client";
import { problemWords } from "../notices";
import { ScriptEditor } from "./script_editor";
import { VersionTable } from "./version_table";

/** What agents say: versions with what they brought, and the editor. */
export default function ScriptsPage() {
  return (
    <main className="sheet">
      <Switch>
        <Route path="/scripts/new">
          <ScriptEditor version={null} />
        </Route>
        <Route path="/scripts/:id">{({ id }) => <Opened key={id} id={Number(id)} />}</Route>
        <Route>
          <VersionTable />
        </Route>
      </Switch>
    </main>
  );
}

function Opened({ id }: { id: number }) {
  const { t } = useTranslation();
  const version = useQuery({
    queryKey: ["script-version", id],
    queryFn: () => answer(api.GET("/api/v1/scripts/versions/{id}", { params: { path: { id } } })),
  });
  if (version.isError) return <Alert color="red">{problemWords(version.error)}</Alert>;
  if (!version.data) return <Loader aria-label={t("app.loading")} />;
  return <ScriptEditor version={version.data} />;
}
