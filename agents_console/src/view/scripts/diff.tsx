import { Alert, Loader, Modal, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import { problemWords } from "../notices";
import type { Version } from "./script";

interface DiffProps {
  old: Version;
  new: Version;
  onClose: () => void;
}

/** What changed from one version to another, line by line. */
export function Diff({ old, new: next, onClose }: DiffProps) {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: ["script-diff", old.id, next.id],
    queryFn: () =>
      answer(
        api.GET("/api/v1/scripts/versions/{id}/diff/{other_id}", {
          params: { path: { id: old.id, other_id: next.id } },
        }),
      ),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t("scripts.diffTitle", { old: old.number, new: next.number })}
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      {found.isError && <Alert color="red">{problemWords(found.error)}</Alert>}
      {found.isPending && <Loader aria-label={t("app.loading")} />}
      {found.data?.lines.length === 0 && <Text>{t("scripts.same")}</Text>}
      <pre className="diff" data-testid="diff">
        {found.data?.lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name than their place
          <div key={index} data-sign={line.slice(0, 1)}>
            {line}
          </div>
        ))}
      </pre>
    </Modal>
  );
}
