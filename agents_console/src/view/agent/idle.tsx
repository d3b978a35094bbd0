import { Button, Card, Center, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import {
  IconCoffee,
  IconPhoneOutgoing,
  IconPlayerPlay,
  IconPlugConnectedX,
  IconRipple,
} from "@tabler/icons-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { MeLive } from "../../state/state";
import { useCampaigns } from "../campaigns";
import { useAsk } from "../use_ask";

/** Between calls: a calm page with the one thing to do. */
export function Idle({ me, groupId }: { me: MeLive; groupId: number | null }) {
  const { t } = useTranslation();
  const campaigns = useCampaigns();
  const mine = (campaigns.data ?? []).filter((c) => c.agent_group_id === groupId && c.state === "running");
  // An agent whose role may not read campaigns can still try: the dialer refuses with words.
  const manual = campaigns.isError || mine.some((campaign) => campaign.mode === "manual");
  const preview = mine.some((campaign) => campaign.mode === "preview");
  switch (me.state) {
    case "ready": {
      const text =
        me.campaigns.length === 0
          ? t("agent.waitingNothing")
          : preview
            ? t("agent.waitingPreview")
            : t("agent.waitingText");
      return (
        <Calm icon={<IconRipple size={44} className="breathe" />} title={t("agent.waitingTitle")} text={text}>
          {manual && <ManualDial />}
        </Calm>
      );
    }
    case "not_ready":
      return (
        <Calm icon={<IconCoffee size={44} />} title={t("agent.notReadyTitle")} text={t("agent.notReadyText")}>
          <ReadyButton />
          {manual && <ManualDial />}
        </Calm>
      );
    case "logged_out":
    case "unreachable":
      return (
        <Calm
          icon={<IconPlugConnectedX size={44} />}
          title={t(me.state === "unreachable" ? "agent.unreachableTitle" : "state.logged_out")}
          text={t("setup.waitingLeg")}
        />
      );
    default:
      // A call is about to come, or its record is still being read: it stands here in a moment.
      return (
        <Calm
          icon={<IconPhoneOutgoing size={44} />}
          title={t("state.reserved")}
          text={t("call.connecting")}
        />
      );
  }
}

interface CalmProps {
  icon: ReactNode;
  title: string;
  text: string;
  children?: ReactNode;
}

function Calm({ icon, title, text, children }: CalmProps) {
  return (
    <Center component="main" mih="70vh" px="md" py="xl" data-testid="idle">
      <Stack align="center" gap="md" ta="center" maw={520}>
        <span className="calm-icon" aria-hidden>
          {icon}
        </span>
        <Title order={1} size="h2">
          {title}
        </Title>
        <Text c="dimmed" size="lg">
          {text}
        </Text>
        {children}
      </Stack>
    </Center>
  );
}

function ReadyButton() {
  const { t } = useTranslation();
  const { pending, run } = useAsk();
  const go = () => void run({ type: "go_ready" });
  useHotkeys([["R", go]]);
  return (
    <Button
      size="xl"
      color="teal.9"
      leftSection={<IconPlayerPlay size={24} />}
      rightSection={<kbd className="key key-on-colour">R</kbd>}
      onClick={go}
      loading={pending !== null}
      mt="sm"
      data-testid="go-ready"
    >
      {t("agent.goReady")}
    </Button>
  );
}

function ManualDial() {
  const { t } = useTranslation();
  const { pending, run } = useAsk();
  const [number, setNumber] = useState("");
  const enough = number.replace(/\D/g, "").length >= 7;
  const dial = (event: FormEvent) => {
    event.preventDefault();
    if (enough) void run({ type: "dial_number", number: number.trim() });
  };
  return (
    <Card component="form" onSubmit={dial} w="100%" mt="lg" ta="left">
      <Text fw={600} mb="xs">
        {t("agent.manualTitle")}
      </Text>
      <Group align="flex-end" wrap="nowrap">
        <TextInput
          label={t("agent.manualNumber")}
          description={t("agent.manualHint")}
          inputMode="tel"
          autoComplete="off"
          maxLength={40}
          value={number}
          onChange={(event) => setNumber(event.currentTarget.value)}
          style={{ flex: 1 }}
          data-testid="manual-number"
        />
        <Button
          type="submit"
          leftSection={<IconPhoneOutgoing size={18} />}
          disabled={!enough}
          loading={pending !== null}
          data-testid="manual-dial"
        >
          {t("agent.manualDial")}
        </Button>
      </Group>
    </Card>
  );
}
