import { Button, Select, TextInput } from "@mantine/core";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useCampaigns } from "../campaigns";
import { type Filters, NO_FILTERS } from "./filters";

interface RecordingFiltersProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
  agents: Record<number, string>;
  dispositions: Record<string, string>;
}

export function RecordingFilters({ filters, onChange, agents, dispositions }: RecordingFiltersProps) {
  const { t } = useTranslation();
  const campaigns = useCampaigns().data ?? [];
  const set = (part: Partial<Filters>) => onChange({ ...filters, ...part });
  const some = Object.values(filters).some((value) => value !== null && value !== "");
  return (
    <search className="filters">
      <TextInput
        label={t("qa.search")}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={filters.q}
        onChange={(event) => set({ q: event.currentTarget.value })}
        maxLength={200}
        className="filter-search"
        data-testid="filter-q"
      />
      <Select
        label={t("qa.campaign")}
        placeholder={t("qa.all")}
        data={campaigns.map(({ id, name }) => ({ value: String(id), label: name }))}
        value={filters.campaign_id === null ? null : String(filters.campaign_id)}
        onChange={(id) => set({ campaign_id: id === null ? null : Number(id) })}
        clearable
        data-testid="filter-campaign"
      />
      <Select
        label={t("qa.agent")}
        placeholder={t("qa.everyone")}
        data={Object.entries(agents).map(([value, label]) => ({ value, label }))}
        value={filters.agent_id === null ? null : String(filters.agent_id)}
        onChange={(id) => set({ agent_id: id === null ? null : Number(id) })}
        clearable
        searchable
        data-testid="filter-agent"
      />
      <Select
        label={t("qa.disposition")}
        placeholder={t("qa.everyone")}
        data={Object.entries(dispositions).map(([value, label]) => ({ value, label }))}
        value={filters.disposition}
        onChange={(disposition) => set({ disposition })}
        clearable
        searchable
        data-testid="filter-disposition"
      />
      <TextInput
        type="date"
        label={t("qa.from")}
        value={filters.from}
        max={filters.to || undefined}
        onChange={(event) => set({ from: event.currentTarget.value })}
        data-testid="filter-from"
      />
      <TextInput
        type="date"
        label={t("qa.to")}
        value={filters.to}
        min={filters.from || undefined}
        onChange={(event) => set({ to: event.currentTarget.value })}
        data-testid="filter-to"
      />
      {some && (
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconX size={16} />}
          onClick={() => onChange(NO_FILTERS)}
          data-testid="filter-clear"
        >
          {t("qa.clear")}
        </Button>
      )}
    </search>
  );
}
