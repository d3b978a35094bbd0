import {
  ActionIcon,
  Alert,
  Button,
  Center,
  Group,
  Loader,
  SegmentedControl,
  Slider,
  Text,
  Title,
  Tooltip,
} from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import {
  IconLink,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconRewindBackward5,
  IconRewindForward5,
  IconX,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "wouter";
import { answer, api, type Schemas } from "../../api/client";
import { formatPhone } from "../../format/amounts";
import { formatDateTime, formatSpan } from "../../format/times";
import { problemWords, showDone } from "../notices";
import { useLocale } from "../use_locale";
import { Marks } from "./marks";
import { useDispositionLabels } from "./use_disposition_labels";
import { useWaves } from "./use_waves";
import { WhoAnswered } from "./who_answered";

const SPEEDS = ["0.75", "1", "1.25", "1.5", "2"];
const SPEED_KEY = "cadencia.speed";

/** One recording: who, when, both voices apart. `?t=83` in the address begins at 83 s. */
export function Player({ id }: { id: number }) {
  const { t } = useTranslation();
  const path = { params: { path: { id } } };
  const recording = useQuery({
    queryKey: ["recording", id],
    queryFn: () => answer(api.GET("/api/v1/recordings/{id}", path)),
  });
  const peaks = useQuery({
    queryKey: ["peaks", id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => answer(api.GET("/api/v1/recordings/{id}/peaks", path)),
  });
  const error = recording.error ?? peaks.error;
  return (
    <section className="panel player" aria-label={t("qa.play")} data-testid="player">
      {error && (
        <Alert color="red" role="alert">
          {problemWords(error)}
        </Alert>
      )}
      {!error && (!recording.data || !peaks.data) && (
        <Center mih={220}>
          <Loader aria-label={t("app.loading")} />
        </Center>
      )}
      {recording.data && peaks.data && <Deck recording={recording.data} peaks={peaks.data} />}
    </section>
  );
}

function Deck({ recording, peaks }: { recording: Schemas["RecordingView"]; peaks: Schemas["Peaks"] }) {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const begin_s = Math.max(0, Number(search.get("t")) || 0);
  const container = useRef<HTMLDivElement>(null);
  const [speed, setSpeed] = useState(() => sessionStorage.getItem(SPEED_KEY) ?? "1");
  const duration_s = recording.duration_ms / 1000;
  const waves = useWaves(container, {
    url: `/api/v1/recordings/${recording.id}/audio`,
    peaks,
    duration_s,
    begin_s: Math.min(begin_s, duration_s),
  });

  useEffect(() => {
    sessionStorage.setItem(SPEED_KEY, speed);
    waves.setSpeed(Number(speed));
  }, [speed, waves.setSpeed]);

  const faster = (step: number) => {
    const next = SPEEDS[SPEEDS.indexOf(speed) + step];
    if (next !== undefined) setSpeed(next);
  };
  useHotkeys(
    [
      ["Space", waves.toggle],
      ["ArrowLeft", () => waves.skip(-5)],
      ["ArrowRight", () => waves.skip(5)],
      ["[", () => faster(-1)],
      ["]", () => faster(1)],
    ],
    // A slider, a button or a field that has the focus keeps its own keys.
    ["INPUT", "TEXTAREA", "SELECT", "BUTTON", "A"],
  );

  const copyLink = async () => {
    const link = `${location.origin}/qa/${recording.id}?t=${Math.floor(waves.position_s)}`;
    await navigator.clipboard.writeText(link);
    showDone(t("qa.linkCopied"));
  };

  return (
    <>
      <About recording={recording} />
      <WhoAnswered recording={recording} />
      {waves.failed && (
        <Alert color="red" role="alert" data-testid="sound-failed">
          {t("qa.soundFailed")}
        </Alert>
      )}
      <div className="waves">
        <div className="wave-names" aria-hidden>
          <span data-side="customer">{t("qa.customerWave")}</span>
          <span data-side="agent">{t("qa.agentWave")}</span>
        </div>
        <div ref={container} className="wave-canvas" data-testid="waves" data-ready={waves.ready} />
      </div>
      <Slider
        value={waves.position_s}
        max={duration_s}
        step={0.1}
        onChange={waves.seek}
        label={(s) => formatSpan(s * 1000)}
        thumbLabel={t("qa.position")}
        size="sm"
        mb={4}
        className="along-waves"
      />
      <Marks recording={recording} onSeek={waves.seek} />
      <Group justify="space-between">
        <Group gap="xs">
          <Jump label={t("qa.back5")} onClick={() => waves.skip(-5)} testid="back5">
            <IconRewindBackward5 size={20} />
          </Jump>
          <Button
            w={150}
            leftSection={
              waves.playing ? <IconPlayerPauseFilled size={18} /> : <IconPlayerPlayFilled size={18} />
            }
            onClick={waves.toggle}
            data-testid="play"
            data-playing={waves.playing}
          >
            {waves.playing ? t("qa.pauseSound") : t("qa.play")}
          </Button>
          <Jump label={t("qa.forward5")} onClick={() => waves.skip(5)} testid="forward5">
            <IconRewindForward5 size={20} />
          </Jump>
          <Text ml="sm" data-testid="position">
            {formatSpan(waves.position_s * 1000)} / {formatSpan(recording.duration_ms)}
          </Text>
        </Group>
        <Group gap="md">
          <SegmentedControl
            size="sm"
            value={speed}
            onChange={setSpeed}
            data={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
            aria-label={t("qa.speed")}
            data-testid="speed"
          />
          <Button
            variant="default"
            leftSection={<IconLink size={17} />}
            onClick={() => void copyLink()}
            data-testid="copy-link"
          >
            {t("qa.copyLink")}
          </Button>
        </Group>
      </Group>
    </>
  );
}

interface JumpProps {
  label: string;
  onClick: () => void;
  testid: string;
  children: React.ReactNode;
}

function Jump({ label, onClick, testid, children }: JumpProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={36} onClick={onClick} aria-label={label} data-testid={testid}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function About({ recording }: { recording: Schemas["RecordingView"] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const labels = useDispositionLabels();
  return (
    <div className="panel-head">
      <div>
        <Title order={2} size="h4" data-testid="recording-person">
          {recording.person_name}
        </Title>
        <Text size="sm" c="dimmed">
          {formatPhone(recording.number)} · {formatDateTime(Date.parse(recording.started_at), locale)} ·{" "}
          {recording.campaign_name} · {recording.agent_name ?? "—"}
          {recording.disposition && ` · ${labels[recording.disposition] ?? recording.disposition}`}
        </Text>
        <Text size="xs" c="dimmed" className="fingerprint">
          {t("qa.attempt")} {recording.attempt_id} · {t("qa.fingerprint")} {recording.sha256}
        </Text>
      </div>
      <ActionIcon component={Link} href="/qa" variant="subtle" color="gray" aria-label={t("app.close")}>
        <IconX size={18} />
      </ActionIcon>
    </div>
  );
}
