import { Button, Radio, Stack, Text, TextInput, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPhoneOutgoing, IconPlayerSkipForward } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatPhone } from "../../format/amounts";
import type { CallCard } from "../../state/state";
import { useAsk } from "../use_ask";

/** Preview mode: which number to dial, or skip this lead. */
export function Preview({ call }: { call: CallCard }) {
  const { t } = useTranslation();
  const { pending, run } = useAsk();
  const usable = call.phones.filter((phone) => phone.status === "active");
  const [phoneId, setPhoneId] = useState(call.phone_id ?? usable[0]?.id ?? null);
  const [reason, setReason] = useState("");
  const dial = () => {
    if (phoneId !== null) void run({ type: "dial_preview", lead_id: call.lead_id, phone_id: phoneId });
  };
  useHotkeys([["ctrl+Enter", dial]], []);
  return (
    <section className="panel" data-testid="preview">
      <Title order={2} size="h5">
        {t("call.previewTitle")}
      </Title>
      <Radio.Group
        label={t("call.previewPhone")}
        value={String(phoneId ?? "")}
        onChange={(id) => setPhoneId(Number(id))}
      >
        <Stack gap={6} mt={6}>
          {usable.map((phone) => (
            <Radio key={phone.id} value={String(phone.id)} label={formatPhone(phone.number)} />
          ))}
        </Stack>
      </Radio.Group>
      <Button
        fullWidth
        size="md"
        color="teal.9"
        leftSection={<IconPhoneOutgoing size={20} />}
        rightSection={<kbd className="key key-on-colour">Ctrl ⏎</kbd>}
        onClick={dial}
        disabled={phoneId === null}
        loading={pending === "dial_preview"}
        data-testid="preview-dial"
      >
        {t("call.previewDial")}
      </Button>
      <Text component="div" size="sm">
        <TextInput
          label={t("call.skipReason")}
          maxLength={200}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-testid="skip-reason"
        />
      </Text>
      <Button
        fullWidth
        variant="default"
        leftSection={<IconPlayerSkipForward size={18} />}
        onClick={() => void run({ type: "skip_preview", lead_id: call.lead_id, reason })}
        loading={pending === "skip_preview"}
        data-testid="preview-skip"
      >
        {t("call.previewSkip")}
      </Button>
    </section>
  );
}
