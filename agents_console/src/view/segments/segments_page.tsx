import "./segments.css";
import { Alert, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Route, Switch } from "wouter";
import { answer, api } from "../../api/client";
import { problemWords } from "../notices";
import { SEGMENTS } from "./segment";
import { SegmentForm } from "./segment_form";
import { SegmentList } from "./segment_list";

/** Who is in which segment, and how each is worked. */
export default function SegmentsPage() {
  const { t } = useTranslation();
  const segments = useQuery({ queryKey: SEGMENTS, queryFn: () => answer(api.GET("/api/v1/segments")) });
  const parts = useQuery({
    queryKey: ["segment-parts"],
    queryFn: () => answer(api.GET("/api/v1/segments/parts")),
  });
  const failed = segments.error ?? parts.error;
  return (
    <main className="sheet">
      {failed && <Alert color="red">{problemWords(failed)}</Alert>}
      {!failed && !(segments.data && parts.data) && <Loader aria-label={t("app.loading")} />}
      {segments.data && parts.data && (
        <Switch>
          <Route path="/segments/:id">
            {({ id }) => (
              <SegmentForm
                key={id}
                segment={segments.data.find((each) => String(each.id) === id) ?? null}
                isNew={id === "new"}
                parts={parts.data}
              />
            )}
          </Route>
          <Route>
            <SegmentList segments={segments.data} />
          </Route>
        </Switch>
      )}
    </main>
  );
}
