import "./people.css";
import { Route, Switch } from "wouter";
import { PersonPage } from "./person_page";
import { Search } from "./search";

/** Somebody of the portfolio: found, and all that is known of him. */
export default function PeoplePage() {
  return (
    <main className="sheet">
      <Switch>
        <Route path="/people/:id">{({ id }) => <PersonPage key={id} id={Number(id)} />}</Route>
        <Route>
          <Search />
        </Route>
      </Switch>
    </main>
  );
}
