import "./agent.css";
import { Alert, Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { IconVolumeOff } from "@tabler/icons-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "../../session";
import { softphone, usePhone } from "../../softphone";
import { playNotes } from "../../softphone/microphone";
import type { MeLive } from "../../state/state";
import { useLive } from "../../state/store";
import { CallView } from "./call_view";
import { Idle } from "./idle";
import { PhoneTrouble, Setup } from "./setup";
import { StatusBar } from "./status_bar";
import { rememberPhone, useLeg, useReturn } from "./use_leg";
import { dropOldNotes } from "./use_note";
import { useTab } from "./use_tab";

export default function AgentPage({ me: person }: { me: Me }) {
  const { t } = useTranslation();
  const { tab, take } = useTab();
  const me = useLive((state) => state.me);
  const phone = usePhone();
  useReturn(tab === "mine");
  useLeg();
  useFreshCall(me);
  useEffect(() => dropOldNotes(Date.now()), []);
  useEffect(() => {
    if (phone.state === "up") rememberPhone(true);
    // A window that goes away switches its phone off too: only a person's log-out forgets.
    if (phone.state === "failed") rememberPhone(false);
  }, [phone.state]);

  if (tab === "elsewhere") return <Elsewhere onTake={take} />;
  if (me === null || tab === "asking") {
    return (
      <Center h="60vh">
        <Stack align="center" gap="sm">
          <Loader aria-hidden />
          <Text c="dimmed">{t("link.connecting")}</Text>
        </Stack>
      </Center>
    );
  }
  return (
    <>
      <StatusBar me={me} phone={phone} />
      {phone.soundBlocked && <SoundBlocked />}
      <Work me={me} person={person} />
    </>
  );
}

/** The record stays in view whatever happens to the phone; without one, the phone comes first. */
function Work({ me, person }: { me: MeLive; person: Me }) {
  const phone = usePhone();
  if (me.call !== null) {
    return (
      <>
        {phone.state !== "up" && <PhoneTrouble phone={phone} />}
        <CallView
          key={me.call.attempt_id ?? `lead-${me.call.lead_id}`}
          me={me}
          call={me.call}
          phone={phone}
        />
      </>
    );
  }
  if (phone.state !== "up") return <Setup me={me} phone={phone} />;
  return <Idle me={me} groupId={person.agent_group_id} />;
}

/** A new call is heard (two short notes), and never begins muted or on hold because the last one ended so. */
function useFreshCall(me: MeLive | null): void {
  const phone = usePhone();
  const connected = me?.state === "on_call" ? (me.call?.attempt_id ?? null) : null;
  useEffect(() => {
    if (connected !== null)
      playNotes(
        [
          [660, 0.07],
          [880, 0.09],
        ],
        0.05,
      );
    else softphone.setMuted(false);
  }, [connected]);
  // The switch may still be busy with the last change of hold: insist.
  const insist = connected === null && phone.held;
  useEffect(() => {
    if (!insist) return;
    softphone.setHeld(false);
    const timer = setInterval(() => softphone.setHeld(false), 300);
    return () => clearInterval(timer);
  }, [insist]);
}

function SoundBlocked() {
  const { t } = useTranslation();
  return (
    <Alert color="yellow" icon={<IconVolumeOff aria-hidden />} radius={0} data-testid="sound-blocked">
      <Group>
        {t("phone.soundBlocked")}
        <Button size="compact-sm" onClick={() => softphone.unblockSound()}>
          {t("phone.unblockSound")}
        </Button>
      </Group>
    </Alert>
  );
}

function Elsewhere({ onTake }: { onTake: () => void }) {
  const { t } = useTranslation();
  return (
    <Center h="60vh" p="md" data-testid="elsewhere">
      <Stack align="center" maw={460} ta="center">
        <Title order={1} size="h3">
          {t("phone.elsewhere.title")}
        </Title>
        <Text c="dimmed">{t("phone.elsewhere.text")}</Text>
        <Button size="md" onClick={onTake} data-testid="take-phone">
          {t("phone.elsewhere.take")}
        </Button>
      </Stack>
    </Center>
  );
}
