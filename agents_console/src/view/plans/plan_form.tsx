import { Button, Group, NumberInput, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { queries } from "../../session";
import { Conflict } from "../conflict";
import { UndoButton } from "../undo_button";
import { type Kept, useKept } from "../use_kept";
import { planKey } from "./plan";
import { layOut, type Quota, quotaFault } from "./quota";
import { RetryRules } from "./retry_rules";

type Plan = Schemas["ContactPlanView"];
type Settings = Schemas["PlanSettings"];

/** "6 tries over 5 days in 3 parts of the day". */
const FIRST_QUOTA: Quota = { tries: 6, days: 5, per_day: 2, parts: [2, 2, 2] };
const PARTS = ["morning", "afternoon", "evening"] as const;

const keptOf = ({ version, quota, max_attempts, rules }: Plan): Kept<Settings> => ({
  version,
  settings: { quota, max_attempts, rules },
});

export function PlanForm({ campaignId, plan }: { campaignId: number; plan: Plan }) {
  const { t } = useTranslation();
  const path = { id: campaignId };
  const shown = (view: Plan) => {
    queries.setQueryData(planKey(campaignId), view);
    return keptOf(view);
  };
  const kept = useKept<Settings>(keptOf(plan), {
    read: async () =>
      shown(await answer(api.GET("/api/v1/campaigns/{id}/contact-plan", { params: { path } }))),
    write: async (settings, version) =>
      shown(
        await answer(
          api.PUT("/api/v1/campaigns/{id}/contact-plan", {
            params: { path, header: { "if-match": `"${version}"` } },
            body: settings,
          }),
        ),
      ),
  });
  const { draft, setDraft } = kept;
  const { quota } = draft;
  const fault = quota && quotaFault(quota);
  return (
    <form
      className="contact-plan"
      onSubmit={(event) => {
        event.preventDefault();
        kept.save(t("plans.saved"));
      }}
    >
      <section className="panel" aria-label={t("plans.title")}>
        <Sentence settings={draft} />
        <Switch
          label={t("plans.withQuota")}
          checked={quota !== null}
          onChange={(event) =>
            setDraft({ ...draft, quota: event.currentTarget.checked ? FIRST_QUOTA : null })
          }
          data-testid="with-quota"
        />
        {quota && (
          <QuotaNumbers quota={quota} onChange={(changed) => setDraft({ ...draft, quota: changed })} />
        )}
        {quota && fault && (
          <Text size="sm" c="var(--poor)" role="alert" data-testid="plan-fault">
            {t(`plans.${fault}`, {
              sum: quota.parts.reduce((sum, part) => sum + part, 0),
              tries: quota.tries,
              days: quota.days,
              perDay: quota.per_day,
            })}
          </Text>
        )}
        {quota && !fault && <Week quota={quota} />}
        <NumberInput
          label={t("plans.maxAttempts")}
          value={draft.max_attempts}
          onChange={(value) => typeof value === "number" && setDraft({ ...draft, max_attempts: value })}
          min={1}
          max={100}
          clampBehavior="strict"
          allowDecimal={false}
          maw={320}
          data-testid="max-attempts"
        />
        {kept.theirs && (
          <Conflict
            busy={kept.isSaving}
            onTake={kept.takeTheirs}
            onKeep={() => kept.keepMine(t("plans.saved"))}
          />
        )}
        <Group gap="xs">
          <Button type="submit" loading={kept.isSaving} disabled={fault !== null} data-testid="save-plan">
            {t("plans.save")}
          </Button>
          <UndoButton kept={kept} testid="undo-plan" />
          {plan.usual && (
            <Text size="sm" c="dimmed">
              {t("plans.usual")}
            </Text>
          )}
        </Group>
      </section>
      <RetryRules rules={draft.rules} onChange={(rules) => setDraft({ ...draft, rules })} />
    </form>
  );
}

function Sentence({ settings: { quota, max_attempts } }: { settings: Settings }) {
  const { t } = useTranslation();
  return (
    <Text fw={600} data-testid="plan-sentence">
      {quota
        ? t("plans.sentence", {
            tries: quota.tries,
            days: quota.days,
            perDay: quota.per_day,
            morning: quota.parts[0],
            afternoon: quota.parts[1],
            evening: quota.parts[2],
          })
        : t("plans.noQuota", { attempts: max_attempts })}
    </Text>
  );
}

function QuotaNumbers({ quota, onChange }: { quota: Quota; onChange: (quota: Quota) => void }) {
  const { t } = useTranslation();
  const number = (label: string, value: number, most: number, least: number, put: (n: number) => Quota) => (
    <NumberInput
      label={label}
      value={value}
      onChange={(typed) => typeof typed === "number" && onChange(put(typed))}
      min={least}
      max={most}
      clampBehavior="strict"
      allowDecimal={false}
    />
  );
  return (
    <div className="plan-numbers" data-testid="quota">
      {number(t("plans.tries"), quota.tries, 100, 1, (tries) => ({ ...quota, tries }))}
      {number(t("plans.days"), quota.days, 90, 1, (days) => ({ ...quota, days }))}
      {number(t("plans.perDay"), quota.per_day, 100, 1, (per_day) => ({ ...quota, per_day }))}
      {PARTS.map((part, index) => (
        <div key={part}>
          {number(t(`plans.${part}`), quota.parts[index] ?? 0, 100, 0, (n) => ({
            ...quota,
            parts: quota.parts.with(index, n),
          }))}
        </div>
      ))}
    </div>
  );
}

/** The plan's days as a drawing, with the tries where they would fall. */
function Week({ quota }: { quota: Quota }) {
  const { t } = useTranslation();
  const days = layOut(quota);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div className="scroll-across" tabIndex={0}>
      <table className="week" data-testid="week">
        <caption>
          <Text size="sm" c="dimmed" ta="left">
            {t("plans.drawing")}
          </Text>
        </caption>
        <thead>
          <tr>
            <td />
            {days.map((_, day) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: days have no other name than their number
              <th key={day} scope="col">
                {t("plans.day", { n: day + 1 })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {PARTS.map((part, row) => (
            <tr key={part}>
              <th scope="row">{t(`plans.${part}`)}</th>
              {days.map((day, column) => {
                const n = day[row];
                const said = n ? t("plans.tryN", { n }) : t("plans.free");
                return (
                  // biome-ignore lint/suspicious/noArrayIndexKey: days have no other name than their number
                  <td key={column} data-try={n ?? undefined} aria-label={said}>
                    {n}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
