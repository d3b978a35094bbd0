import { Button, Group, Modal, Text } from "@mantine/core";
import { IconPlayerPauseFilled, IconPlayerPlayFilled, IconPlayerStopFilled } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import type { CampaignLive } from "../../state/state";
import { useAsk } from "../use_ask";

type Action = "start" | "pause" | "stop";

/** What a person may ask of a campaign in each state; after the dialer's own table. */
export const ACTIONS: Record<CampaignLive["state"], Action[]> = {
  draft: ["start"],
  running: ["pause", "stop"],
  paused: ["start", "stop"],
  draining: [],
  halted: ["pause"],
  closed: ["start"],
};

function post(action: Action, id: number) {
  const params = { params: { path: { id } } };
  switch (action) {
    case "start":
      return answer(api.POST("/api/v1/campaigns/{id}/start", params));
    case "pause":
      return answer(api.POST("/api/v1/campaigns/{id}/pause", params));
    case "stop":
      return answer(api.POST("/api/v1/campaigns/{id}/stop", params));
  }
}

interface CampaignButtonsProps {
  campaign: Pick<CampaignLive, "id" | "name" | "state">;
  /** Nothing known keeps it from starting; the dialer has the last word. */
  mayStart?: boolean;
}

export function CampaignButtons({ campaign, mayStart = true }: CampaignButtonsProps) {
  const { t } = useTranslation();
  const { pending, runAccepted } = useAsk();
  const [asking, setAsking] = useState(false);
  const act = (action: Action) => void runAccepted(action, () => post(action, campaign.id));
  const may = ACTIONS[campaign.state];
  return (
    <Group gap="xs">
      {may.includes("start") && (
        <Button
          color="teal.9"
          leftSection={<IconPlayerPlayFilled size={16} />}
          loading={pending === "start"}
          disabled={!mayStart}
          onClick={() => act("start")}
          data-testid="campaign-start"
        >
          {t("supervisor.start")}
        </Button>
      )}
      {may.includes("pause") && (
        <Button
          variant="default"
          leftSection={<IconPlayerPauseFilled size={16} />}
          loading={pending === "pause"}
          onClick={() => act("pause")}
          data-testid="campaign-pause"
        >
          {campaign.state === "halted" ? t("supervisor.toPaused") : t("supervisor.pause")}
        </Button>
      )}
      {may.includes("stop") && (
        <Button
          variant="default"
          leftSection={<IconPlayerStopFilled size={16} />}
          loading={pending === "stop"}
          onClick={() => setAsking(true)}
          data-testid="campaign-stop"
        >
          {t("supervisor.stop")}
        </Button>
      )}
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t("supervisor.stopTitle", { name: campaign.name })}
        closeButtonProps={{ "aria-label": t("app.close") }}
        centered
      >
        <Text mb="lg">{t("supervisor.stopText")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => setAsking(false)} data-autofocus>
            {t("app.cancel")}
          </Button>
          <Button
            color="red.9"
            onClick={() => {
              setAsking(false);
              act("stop");
            }}
            data-testid="campaign-stop-confirm"
          >
            {t("supervisor.stop")}
          </Button>
        </Group>
      </Modal>
    </Group>
  );
}
