import { Button, Group, Modal, Select, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import { wordsFor } from "../../words";
import { showDone, showProblem } from "../notices";
import { type Person, refreshPerson } from "./person";

interface DecisionProps {
  /** On the button that opens it. */
  label: string;
  title: string;
  done: string;
  testid: string;
  personId: number;
  /** Whether enough was said to decide. */
  ready: boolean;
  decide: () => Promise<unknown>;
  children: ReactNode;
}

/** A decision that is asked about once more, with what it needs to know. */
function Decision({ label, title, done, testid, personId, ready, decide, children }: DecisionProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const act = useMutation({
    mutationFn: decide,
    onSuccess: async () => {
      setAsking(false);
      showDone(done);
      await refreshPerson(personId);
    },
    onError: (error) => {
      showProblem(error);
      void refreshPerson(personId);
    },
  });
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setAsking(true)} data-testid={testid}>
        {label}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={title}
        closeButtonProps={{ "aria-label": t("app.close") }}
        centered
      >
        <form
          className="why"
          onSubmit={(event) => {
            event.preventDefault();
            act.mutate();
          }}
        >
          {children}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)}>
              {t("app.cancel")}
            </Button>
            <Button type="submit" disabled={!ready} loading={act.isPending} data-testid={`${testid}-confirm`}>
              {label}
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  );
}

function Because({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (v: string) => void;
}) {
  return (
    <Textarea
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      maxLength={2000}
      autosize
      minRows={2}
      required
      data-autofocus
      data-testid="because"
    />
  );
}

const ANSWERS = ["upheld", "rejected", "withdrawn"] as const;

export function ResolveDispute({ id, personId }: { id: number; personId: number }) {
  const { t } = useTranslation();
  const [state, setState] = useState<(typeof ANSWERS)[number] | null>(null);
  const [because, setBecause] = useState("");
  return (
    <Decision
      label={t("people.resolve")}
      title={t("people.resolveTitle")}
      done={t("people.resolved")}
      testid="resolve"
      personId={personId}
      ready={state !== null && because.trim() !== ""}
      decide={() =>
        answer(
          api.POST("/api/v1/disputes/{id}/resolve", {
            params: { path: { id } },
            body: { state: state ?? "rejected", because },
          }),
        )
      }
    >
      <Select
        label={t("people.answer")}
        data={ANSWERS.map((value) => ({ value, label: wordsFor("caseState", value) }))}
        value={state}
        onChange={(value) => setState(value as typeof state)}
        allowDeselect={false}
        required
        data-testid="dispute-answer"
      />
      <Because label={t("people.because")} value={because} onChange={setBecause} />
    </Decision>
  );
}

export function WithdrawPromise({ id, personId, amount }: { id: number; personId: number; amount: string }) {
  const { t } = useTranslation();
  return (
    <Decision
      label={t("people.withdraw")}
      title={t("people.withdrawTitle", { amount })}
      done={t("people.withdrawn")}
      testid="withdraw"
      personId={personId}
      ready
      decide={() => answer(api.POST("/api/v1/promises/{id}/withdraw", { params: { path: { id } } }))}
    >
      <Text size="sm">{t("people.withdrawText")}</Text>
    </Decision>
  );
}

/** The person wants to be called again. */
export function Lift({ person }: { person: Person }) {
  const { t } = useTranslation();
  const [because, setBecause] = useState("");
  return (
    <Decision
      label={t("people.lift")}
      title={t("people.liftTitle", { name: person.full_name })}
      done={t("people.lifted")}
      testid="lift"
      personId={person.id}
      ready={because.trim() !== ""}
      decide={() =>
        answer(
          api.POST("/api/v1/people/{id}/lift-do-not-call", {
            params: { path: { id: person.id } },
            body: { because },
          }),
        )
      }
    >
      <Text size="sm">{t("people.liftText")}</Text>
      <Because label={t("people.liftWords")} value={because} onChange={setBecause} />
    </Decision>
  );
}
