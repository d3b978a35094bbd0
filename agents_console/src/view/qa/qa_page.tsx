import "./qa.css";
import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useRoute } from "wouter";
import { Player } from "./player";
import { RecordingsList } from "./recordings_list";

/** Recordings: find one, hear it. The chosen one is in the address, so that a link leads to it. */
export default function QaPage() {
  const { t } = useTranslation();
  const [, params] = useRoute("/qa/:id");
  const id = params?.id && /^\d{1,15}$/.test(params.id) ? Number(params.id) : null;
  return (
    <main className="qa">
      <Title order={1} size="h4">
        {t("qa.title")}
      </Title>
      {id !== null && <Player key={id} id={id} />}
      <RecordingsList chosen={id} />
    </main>
  );
}
