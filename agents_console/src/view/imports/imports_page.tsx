import "./imports.css";
import { Route, Switch } from "wouter";
import { ImportList } from "./import_list";
import { ImportPage } from "./import_page";

/** Files of creditors: brought, looked into, checked, loaded. */
export default function ImportsPage() {
  return (
    <main className="sheet">
      <Switch>
        <Route path="/imports/:id">{({ id }) => <ImportPage key={id} id={Number(id)} />}</Route>
        <Route>
          <ImportList />
        </Route>
      </Switch>
    </main>
  );
}
