import "./supervisor.css";
import { Anchor, Group, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, Route, Switch } from "wouter";
import type { CampaignLive } from "../../state/state";
import { useLive } from "../../state/store";
import { AgentsTable } from "./agents_table";
import { CampaignStrip } from "./campaign_strip";
import { TeamCounts } from "./team_counts";
import { TeamPage } from "./team_page";

/** What needs eyes first, what has ended last. */
const ORDER: CampaignLive["state"][] = ["halted", "running", "draining", "paused", "draft", "closed"];

export function sortCampaigns(campaigns: CampaignLive[]): CampaignLive[] {
  return campaigns.toSorted(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name),
  );
}

export default function SupervisorPage() {
  return (
    <Switch>
      <Route path="/supervisor/team">
        <TeamPage />
      </Route>
      <Route>
        <Shift />
      </Route>
    </Switch>
  );
}

/** The shift at a glance: campaigns with their calls and limits, and who does what. Each half is drawn by what is its own. */
function Shift() {
  return (
    <main className="supervisor">
      <Campaigns />
      <Team />
    </main>
  );
}

function Campaigns() {
  const { t } = useTranslation();
  const campaigns = useLive((state) => state.campaigns);
  const known = useLive((state) => state.switch !== null);
  const sorted = sortCampaigns(Object.values(campaigns));
  return (
    <section className="supervisor-campaigns" aria-labelledby="campaigns">
      <Title order={1} size="h4" id="campaigns">
        {t("supervisor.campaigns")}
      </Title>
      {sorted.map((campaign) => (
        <CampaignStrip key={campaign.id} campaign={campaign} />
      ))}
      {known && sorted.length === 0 && (
        <div className="panel" data-testid="no-campaigns">
          <Text fw={600}>{t("supervisor.noCampaigns")}</Text>
          <Text c="dimmed">
            {t("supervisor.noCampaignsText")}{" "}
            <Anchor component={Link} href="/campaigns/new" inherit underline="always">
              {t("campaigns.add")}
            </Anchor>
          </Text>
        </div>
      )}
    </section>
  );
}

function Team() {
  const { t } = useTranslation();
  const agents = useLive((state) => state.agents);
  const known = useLive((state) => state.switch !== null);
  return (
    <section className="supervisor-team" aria-labelledby="team">
      <Group justify="space-between">
        <Title order={2} size="h4" id="team">
          {t("supervisor.team")}
        </Title>
        <Anchor component={Link} href="/supervisor/team" size="sm" underline="always" data-testid="open-team">
          {t("team.open")}
        </Anchor>
      </Group>
      <TeamCounts agents={agents} />
      <AgentsTable agents={agents} known={known} />
    </section>
  );
}
