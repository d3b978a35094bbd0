import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface UndoButtonProps {
  /** As `useKept` gives it. */
  kept: { canUndo: boolean; isSaving: boolean; undo: () => void };
  testid: string;
}

/** The way back from the last save, once there is one. */
export function UndoButton({ kept, testid }: UndoButtonProps) {
  const { t } = useTranslation();
  if (!kept.canUndo) return null;
  return (
    <Button variant="default" disabled={kept.isSaving} onClick={kept.undo} data-testid={testid}>
      {t("kept.undo")}
    </Button>
  );
}
