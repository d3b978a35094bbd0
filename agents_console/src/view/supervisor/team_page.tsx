import { Alert, Anchor, Loader, Select, Table, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { answer, api, type Schemas } from "../../api/client";
import { formatDateTime } from "../../format/times";
import { queries } from "../../session";
import { problemWords, showDone, showProblem } from "../notices";
import { StateLabel } from "../state_label";
import { useLocale } from "../use_locale";

type Team = Schemas["TeamView"];
type Agent = Schemas["TeamAgentView"];

const TEAM = ["team"];
/** Who is in a call goes when it is over: looked at again meanwhile. */
const LOOK_AGAIN_MS = 3000;

/** Who works in which group, sending agents to another, and who went where. */
export function TeamPage() {
  const { t } = useTranslation();
  const team = useQuery({
    queryKey: TEAM,
    queryFn: () => answer(api.GET("/api/v1/team")),
    refetchInterval: (query) =>
      query.state.data?.agents.some(({ moving_to }) => moving_to !== null) ? LOOK_AGAIN_MS : 15_000,
  });
  return (
    <main className="sheet">
      <Anchor component={Link} href="/supervisor" size="sm" underline="always" w="fit-content">
        {t("team.back")}
      </Anchor>
      <div>
        <Title order={1} size="h4">
          {t("team.title")}
        </Title>
        <Text size="sm" c="dimmed">
          {t("team.text")}
        </Text>
      </div>
      {team.isPending && <Loader aria-label={t("app.loading")} />}
      {team.isError && <Alert color="red">{problemWords(team.error)}</Alert>}
      {team.data && <Agents team={team.data} />}
      {team.data && <Moves moves={team.data.moves} />}
    </main>
  );
}

function Agents({ team }: { team: Team }) {
  const { t } = useTranslation();
  const move = useMutation({
    mutationFn: ({ agent, group }: { agent: Agent; group: number }) =>
      answer(
        api.POST("/api/v1/team/agents/{id}/move", {
          params: { path: { id: agent.id } },
          body: { group_id: group },
        }),
      ),
    onSuccess: (now, { agent }) => {
      queries.setQueryData(TEAM, now);
      const after = now.agents.find(({ id }) => id === agent.id);
      if (after)
        showDone(
          after.moving_to === null
            ? t("team.isIn", { name: after.name, group: after.group_name })
            : t("team.willBeIn", { name: after.name, group: after.moving_to }),
        );
    },
    onError: showProblem,
  });
  if (team.agents.length === 0) return <Text c="dimmed">{t("supervisor.noAgents")}</Text>;
  return (
    <section className="panel panel-table" aria-label={t("supervisor.agents")}>
      <Table verticalSpacing={6} fz="sm" className="team-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("supervisor.name")}</Table.Th>
            <Table.Th>{t("supervisor.state")}</Table.Th>
            <Table.Th>{t("team.group")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {team.agents.map((agent) => (
            <Table.Tr key={agent.id} data-testid={`team-${agent.login}`}>
              <Table.Td>
                {agent.name}{" "}
                <Text span c="dimmed" inherit>
                  {agent.login}
                </Text>
              </Table.Td>
              <Table.Td>
                <StateLabel state={agent.state} reason={null} />
              </Table.Td>
              <Table.Td>
                <Select
                  size="xs"
                  aria-label={t("team.groupOf", { name: agent.name })}
                  data={team.groups.map(({ id, name }) => ({ value: String(id), label: name }))}
                  value={String(agent.group_id)}
                  onChange={(group) => group && move.mutate({ agent, group: Number(group) })}
                  disabled={move.isPending}
                  allowDeselect={false}
                  w={240}
                  data-testid={`group-of-${agent.login}`}
                />
                {agent.moving_to !== null && (
                  <Text size="xs" data-testid={`moving-${agent.login}`}>
                    {t("team.goesTo", { group: agent.moving_to })}{" "}
                    <Anchor
                      component="button"
                      type="button"
                      size="xs"
                      underline="always"
                      disabled={move.isPending}
                      onClick={() => move.mutate({ agent, group: agent.group_id })}
                    >
                      {t("team.stay")}
                    </Anchor>
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function Moves({ moves }: { moves: Schemas["AgentMoveView"][] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <section className="panel" aria-label={t("team.moves")} data-testid="moves-log">
      <Title order={2} size="h5">
        {t("team.moves")}
      </Title>
      {moves.length === 0 && <Text c="dimmed">{t("team.noMoves")}</Text>}
      <ol className="change-list">
        {moves.map((move) => (
          <li key={move.id}>
            <div className="change-head">
              <span>
                {formatDateTime(Date.parse(move.asked_at), locale)} ·{" "}
                {move.user_name ?? t("supervisor.byCommand")}
              </span>
            </div>
            <span>
              <b>{move.agent_name}</b>: {move.from_group} → <b>{move.to_group}</b>
              {move.done_at === null && ` · ${t("team.afterTheCall")}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
