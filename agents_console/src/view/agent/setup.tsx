import {
  Alert,
  Button,
  Card,
  Center,
  Group,
  Loader,
  Progress,
  Select,
  Stack,
  Switch,
  Text,
  Title,
} from "@mantine/core";
import { IconHeadphones, IconMicrophone, IconPhone } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { softphone } from "../../softphone";
import {
  keepChoice,
  listMicrophones,
  type Microphone,
  MicrophoneError,
  meterLevel,
  openMicrophone,
  playNotes,
  readChoice,
} from "../../softphone/microphone";
import type { PhoneView } from "../../softphone/softphone";
import type { MeLive } from "../../state/state";

/** Before the phone is up: check the microphone and connect, or watch it come back. */
export function Setup({ me, phone }: { me: MeLive; phone: PhoneView }) {
  const { t } = useTranslation();
  if (phone.state === "off" || phone.state === "failed") return <MicrophoneCheck phone={phone} />;
  const back = me.state !== "logged_out";
  const elsewhere = phone.state === "registered" && me.leg_up;
  return (
    <Center mih="55vh" p="md" data-testid="phone-connecting">
      <Stack align="center" gap="sm" ta="center" maw={460}>
        <Loader aria-hidden />
        <Title order={1} size="h3">
          {back ? t("setup.reconnecting") : t("setup.connecting")}
        </Title>
        <Text c="dimmed" role="status">
          {phone.state === "registered" ? t("setup.waitingLeg") : back ? t("setup.reconnectingText") : ""}
        </Text>
        {elsewhere && <TakeLeg />}
      </Stack>
    </Center>
  );
}

/** The dialer holds a leg of ours that is not here: another computer has it. */
function TakeLeg() {
  const { t } = useTranslation();
  const take = () => {
    softphone.stop();
    void softphone.start(readChoice());
  };
  return (
    <Alert color="yellow" data-testid="leg-elsewhere">
      <Group>
        {t("phone.elsewhere.otherPlace")}
        <Button size="compact-sm" onClick={take}>
          {t("phone.elsewhere.take")}
        </Button>
      </Group>
    </Alert>
  );
}

/** During a call the record stays; the phone's trouble stands above it. */
export function PhoneTrouble({ phone }: { phone: PhoneView }) {
  const { t } = useTranslation();
  const needsPerson = phone.state === "off" || phone.state === "failed";
  return (
    <Alert
      color="yellow"
      radius={0}
      icon={needsPerson ? <IconPhone aria-hidden /> : <Loader size="sm" aria-hidden />}
      role="status"
      data-testid="phone-trouble"
    >
      <Group>
        <span>
          {phone.fault ? t(`setup.fault.${phone.fault}`) : t("setup.reconnecting")}{" "}
          {t("setup.reconnectingText")}
        </span>
        {needsPerson && (
          <Button
            size="compact-sm"
            onClick={() => void softphone.start(readChoice())}
            data-testid="connect-phone"
          >
            {t("setup.connect")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

function MicrophoneCheck({ phone }: { phone: PhoneView }) {
  const { t } = useTranslation();
  const [choice, setChoice] = useState(readChoice);
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [devices, setDevices] = useState<Microphone[]>([]);
  const [fault, setFault] = useState(phone.fault);

  useEffect(() => {
    let ended = false;
    keepChoice(choice);
    openMicrophone(choice).then(
      async (opened) => {
        if (ended) return stop(opened);
        setFault(phone.fault);
        setStream(opened);
        setDevices(await listMicrophones());
      },
      (error) => !ended && setFault(error instanceof MicrophoneError ? error.fault : "microphone_missing"),
    );
    return () => {
      ended = true;
      setStream((opened) => {
        if (opened) stop(opened);
        return null;
      });
    };
  }, [choice, phone.fault]);

  return (
    <Center p="md" component="main">
      <Card maw={560} w="100%" mt="6vh" padding="xl" shadow="sm" data-testid="microphone-check">
        <Stack gap="lg">
          <div>
            <Title order={1} size="h3" mb={6}>
              {t("setup.title")}
            </Title>
            <Text c="dimmed">{t("setup.text")}</Text>
          </div>
          {fault && (
            <Alert color="red" role="alert" data-testid="phone-fault">
              {t(`setup.fault.${fault}`)}
            </Alert>
          )}
          <Select
            label={t("setup.microphone")}
            leftSection={<IconMicrophone size={18} aria-hidden />}
            value={devices.some((d) => d.deviceId === choice.deviceId) ? choice.deviceId : ""}
            onChange={(deviceId) => setChoice({ ...choice, deviceId: deviceId || null })}
            data={[
              { value: "", label: t("setup.systemDefault") },
              ...devices
                .filter((d) => d.deviceId !== "default")
                .map((d) => ({ value: d.deviceId, label: d.label })),
            ]}
            allowDeselect={false}
            disabled={stream === null}
          />
          <Level stream={stream} />
          <Group justify="space-between">
            <Switch
              label={t("setup.cleanSound")}
              checked={choice.cleanSound}
              onChange={(event) => setChoice({ ...choice, cleanSound: event.currentTarget.checked })}
              data-testid="clean-sound"
            />
          </Group>
          <Group grow preventGrowOverflow={false}>
            <Button
              variant="default"
              size="md"
              leftSection={<IconHeadphones size={18} />}
              onClick={() =>
                playNotes([
                  [440, 0.25],
                  [554, 0.25],
                  [659, 0.4],
                ])
              }
              data-testid="test-sound"
            >
              {t("setup.testSound")}
            </Button>
            <Button
              size="md"
              leftSection={<IconPhone size={18} />}
              onClick={() => void softphone.start(choice)}
              data-testid="connect-phone"
            >
              {phone.state === "failed" ? t("app.retry") : t("setup.connect")}
            </Button>
          </Group>
        </Stack>
      </Card>
    </Center>
  );
}

function Level({ stream }: { stream: MediaStream | null }) {
  const { t } = useTranslation();
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (stream === null) return setLevel(0);
    return meterLevel(stream, setLevel);
  }, [stream]);
  return (
    <div>
      <Text size="sm" fw={500} mb={6}>
        {t("setup.level")}
      </Text>
      <Progress
        value={level * 100}
        color={level > 0.95 ? "red" : "teal"}
        size="lg"
        transitionDuration={60}
        aria-label={t("setup.level")}
        data-testid="microphone-level"
        data-level={level.toFixed(2)}
      />
      <Text size="sm" c="dimmed" mt={6}>
        {t("setup.speak")}
      </Text>
    </div>
  );
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
