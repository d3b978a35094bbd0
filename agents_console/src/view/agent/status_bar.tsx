import { Button, Group, Menu, Text, Tooltip } from "@mantine/core";
import { IconChevronDown, IconHeadset, IconPlayerPause, IconWifi } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatShare } from "../../format/amounts";
import type { PhoneView } from "../../softphone/softphone";
import type { MeLive } from "../../state/state";
import { wordsFor } from "../../words";
import { Since } from "../clock";
import { StateLabel } from "../state_label";
import { useAsk } from "../use_ask";
import { useLocale } from "../use_locale";

const REASONS = ["break", "lunch", "restroom", "training", "meeting", "technical", "other"] as const;

/** Always in view: what I am, since when, on what, and whether my phone works. */
export function StatusBar({ me, phone }: { me: MeLive; phone: PhoneView }) {
  const { t } = useTranslation();
  return (
    <section className="status-bar" data-state={me.state} aria-label={t("agent.timeInState")}>
      <Group gap="lg" wrap="wrap">
        <Group gap="sm" wrap="nowrap" role="status" data-testid="my-state" data-state={me.state}>
          <StateLabel state={me.state} reason={me.reason} />
          <Text
            span
            fw={650}
            className="status-timer"
            title={t("agent.timeInState")}
            data-testid="state-timer"
          >
            <Since at={me.since} />
          </Text>
        </Group>
        <Text size="sm" data-testid="my-campaigns">
          <Text span c="dimmed" inherit>
            {t("agent.campaign")}:{" "}
          </Text>
          {me.call?.campaign_name ?? (me.campaigns.join(", ") || t("agent.noCampaign"))}
        </Text>
        <PhoneSign phone={phone} />
        <NetworkSign phone={phone} />
        <Text size="sm" c="dimmed">
          {t("agent.callsToday", { count: me.calls_today })}
        </Text>
      </Group>
      <Availability me={me} />
    </section>
  );
}

function PhoneSign({ phone }: { phone: PhoneView }) {
  const { t } = useTranslation();
  const tone = phone.state === "up" ? "good" : phone.state === "failed" ? "poor" : "fair";
  return (
    <span className="sign" data-tone={tone} data-testid="phone-state" data-phone={phone.state}>
      <IconHeadset size={17} aria-hidden />
      <Text span size="sm">
        {t("phone.title")}: {t(`phone.${phone.state}`)}
      </Text>
    </span>
  );
}

function NetworkSign({ phone }: { phone: PhoneView }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { quality } = phone;
  if (phone.state !== "up") return null;
  const detail = quality
    ? t("phone.qualityDetail", {
        lost: formatShare(quality.p_lost, locale),
        jitter: Math.round(quality.jitter_ms),
        rtt: quality.round_trip_ms === null ? "—" : Math.round(quality.round_trip_ms),
      })
    : t("phone.quality.unknown");
  return (
    <Tooltip label={detail}>
      <span className="sign" data-tone={quality?.grade ?? "good"} data-testid="network">
        <IconWifi size={17} aria-hidden />
        <Text span size="sm">
          {t("phone.network")}: {t(`phone.quality.${quality?.grade ?? "unknown"}`)}
        </Text>
      </span>
    </Tooltip>
  );
}

/** "Not ready" with its reason: at once while waiting, after the wrap-up while in a call. */
function Availability({ me }: { me: MeLive }) {
  const { t } = useTranslation();
  const { pending, run } = useAsk();
  const inCall = me.state === "on_call" || me.state === "wrap_up";
  if (inCall && me.after_wrap_up !== null) {
    const leaves = me.after_wrap_up === "logged_out";
    if (me.after_wrap_up === "moved")
      return (
        <Text size="sm" fw={600} data-testid="after-wrap-up">
          {t("team.moving")}
        </Text>
      );
    return (
      <Group gap="sm" data-testid="after-wrap-up">
        <Text size="sm" fw={600}>
          {leaves
            ? t("agent.afterLogOut")
            : t("agent.afterReason", { reason: wordsFor("reason", me.after_wrap_up) })}
        </Text>
        <Button
          variant="default"
          loading={pending !== null}
          onClick={() => void run({ type: "go_ready" })}
          data-testid="stay-ready"
        >
          {t("agent.stayReady")}
        </Button>
      </Group>
    );
  }
  if (me.state !== "ready" && me.state !== "previewing" && !inCall) return null;
  return (
    // A new state has another menu: one that is open must not outlive its own.
    <Menu key={me.state} position="bottom-end" withinPortal>
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={17} />}
          rightSection={<IconChevronDown size={14} />}
          loading={pending !== null}
          data-testid="go-not-ready"
        >
          {inCall ? t("agent.afterCall") : t("agent.goNotReady")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("agent.chooseReason")}</Menu.Label>
        {REASONS.map((reason) => (
          <Menu.Item
            key={reason}
            onClick={() => void run({ type: "go_not_ready", reason })}
            data-testid={`reason-${reason}`}
          >
            {t(`reason.${reason}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
