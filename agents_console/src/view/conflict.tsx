import { Alert, Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface ConflictProps {
  busy: boolean;
  onTake: () => void;
  onKeep: () => void;
}

/** Somebody else stored these settings while they were edited here: nothing was overwritten, and the person chooses. */
export function Conflict({ busy, onTake, onKeep }: ConflictProps) {
  const { t } = useTranslation();
  return (
    <Alert color="orange" title={t("kept.conflict")} role="alert" data-testid="conflict">
      <Text size="sm" mb={8}>
        {t("kept.conflictText")}
      </Text>
      <Group gap="xs">
        <Button size="xs" disabled={busy} onClick={onTake} data-testid="take-theirs">
          {t("kept.take")}
        </Button>
        <Button size="xs" variant="default" loading={busy} onClick={onKeep} data-testid="keep-mine">
          {t("kept.keep")}
        </Button>
      </Group>
    </Alert>
  );
}
