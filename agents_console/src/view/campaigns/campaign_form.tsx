import { Anchor, Button, Group, Text, Title } from "@mantine/core";
import { IconArchive, IconArchiveOff, IconCopy } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { answer, api } from "../../api/client";
import { useLive } from "../../state/store";
import { LANGUAGES, type Language } from "../../words";
import { Conflict } from "../conflict";
import { showDone, showProblem } from "../notices";
import { CampaignState } from "../supervisor/campaign_state";
import { UndoButton } from "../undo_button";
import { type Kept, same, useKept } from "../use_kept";
import { CallFields } from "./call_fields";
import { DialFields } from "./dial_fields";
import { Readiness } from "./readiness";
import { keptOf, type Parts, type Settings, type Setup, showStored } from "./setup";
import { useCheck } from "./use_check";
import { WhoFields } from "./who_fields";

interface CampaignFormProps {
  parts: Parts;
  /** The campaign that is changed; null: a new one is made. */
  setup: Setup | null;
  /** The campaign after which a new one is made. */
  after: Setup | null;
}

export interface FieldsProps {
  settings: Settings;
  parts: Parts;
  /** Fields that the campaign's state does not let anybody change. */
  fixed: string[];
  onChange: (part: Partial<Settings>) => void;
}

/** A campaign's setup as a form, with what still keeps it from starting beside it. */
export function CampaignForm({ parts, setup, after }: CampaignFormProps) {
  const { t } = useTranslation();
  const first = useFirst(parts, after);
  const [, go] = useLocation();
  const kept = useKept<Settings>(setup ? keptOf(setup) : { version: 0, settings: first }, {
    read: async () => {
      const path = { id: setup?.id ?? 0 };
      return showStored(await answer(api.GET("/api/v1/campaigns/{id}/setup", { params: { path } })));
    },
    write: async (settings, version) => {
      const stored = await answer(
        setup
          ? api.PUT("/api/v1/campaigns/{id}/setup", {
              params: { path: { id: setup.id }, header: { "if-match": `"${version}"` } },
              body: settings,
            })
          : api.POST("/api/v1/campaigns", { body: { settings, copy_of: after?.id ?? null } }),
      );
      if (!setup) go(`/campaigns/${stored.id}`, { replace: true });
      return showStored(stored);
    },
  });
  const { draft, setDraft } = kept;
  const checked = useCheck(draft, setup?.id ?? null, after?.id ?? null);
  const changed = setup === null || !same(draft, setup.settings);
  const complete = draft.name.trim() !== "" && draft.agent_group.trim() !== "";
  const fields = {
    settings: draft,
    parts,
    fixed: setup?.fixed ?? [],
    onChange: (part: Partial<Settings>) => setDraft({ ...draft, ...part }),
  };
  return (
    <>
      <Anchor component={Link} href="/campaigns" size="sm" underline="always" w="fit-content">
        {t("campaigns.back")}
      </Anchor>
      <Head setup={setup} after={after} />
      <form
        className="campaign-form"
        onSubmit={(event) => {
          event.preventDefault();
          kept.save(t("campaigns.saved"));
        }}
      >
        <div className="campaign-fields">
          <WhoFields {...fields} />
          <DialFields {...fields} />
          <CallFields {...fields} />
        </div>
        <Readiness setup={setup} settings={draft} parts={parts} checked={checked} changed={changed}>
          {kept.theirs && (
            <Conflict
              busy={kept.isSaving}
              onTake={kept.takeTheirs}
              onKeep={() => kept.keepMine(t("campaigns.saved"))}
            />
          )}
          <Group gap="xs">
            <Button
              type="submit"
              loading={kept.isSaving}
              disabled={!complete || !changed || checked.barred}
              data-testid="save-campaign"
            >
              {setup ? t("campaigns.save") : t("campaigns.saveDraft")}
            </Button>
            <UndoButton kept={kept} testid="undo-campaign" />
          </Group>
        </Readiness>
      </form>
    </>
  );
}

/** What a new campaign's form begins with: the usual, or all of the campaign it is made after but for its name. */
function useFirst(parts: Parts, after: Setup | null): Settings {
  const { t, i18n } = useTranslation();
  if (after) return { ...after.settings, name: t("campaigns.copyName", { name: after.settings.name }) };
  const language = i18n.language in LANGUAGES ? (i18n.language as Language) : "es";
  return { ...parts.usual, language, agent_group: parts.groups[0]?.name ?? "" };
}

function Head({ setup, after }: Pick<CampaignFormProps, "setup" | "after">) {
  const { t } = useTranslation();
  const live = useLive((state) => (setup ? state.campaigns[setup.id] : undefined));
  if (!setup)
    return (
      <div>
        <Title order={1} size="h4">
          {after ? t("campaigns.copyOf", { name: after.name }) : t("campaigns.add")}
        </Title>
        <Text size="sm" c="dimmed">
          {after ? t("campaigns.copyText") : t("campaigns.addText")}
        </Text>
      </div>
    );
  return (
    <Group justify="space-between">
      <Group gap="sm">
        <Title order={1} size="h4">
          {setup.name}
        </Title>
        {setup.archived ? (
          <Text size="sm" data-testid="in-archive">
            {t("campaigns.inArchive")}
          </Text>
        ) : (
          <CampaignState campaign={live ?? setup} />
        )}
      </Group>
      <Group gap="xs">
        <Button
          component={Link}
          href={`/campaigns/new?copy=${setup.id}`}
          variant="default"
          size="xs"
          leftSection={<IconCopy size={16} />}
          data-testid="copy-campaign"
        >
          {t("campaigns.copy")}
        </Button>
        <ArchiveButton setup={setup} />
      </Group>
    </Group>
  );
}

/** Puts a draft or a closed campaign away, or takes it back. */
function ArchiveButton({ setup }: { setup: Setup }) {
  const { t } = useTranslation();
  const archived = !setup.archived;
  const put = useMutation({
    mutationFn: () =>
      answer(
        api.PUT("/api/v1/campaigns/{id}/archive", {
          params: { path: { id: setup.id }, header: { "if-match": `"${setup.version}"` } },
          body: { archived },
        }),
      ),
    onSuccess: (stored): Kept<Settings> => {
      showDone(t(archived ? "campaigns.wasArchived" : "campaigns.wasRestored", { name: stored.name }));
      return showStored(stored);
    },
    onError: showProblem,
  });
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={archived ? <IconArchive size={16} /> : <IconArchiveOff size={16} />}
      disabled={setup.fixed.includes("archived")}
      loading={put.isPending}
      onClick={() => put.mutate()}
      data-testid={archived ? "archive-campaign" : "restore-campaign"}
    >
      {t(archived ? "campaigns.archive" : "campaigns.restore")}
    </Button>
  );
}
