import { Alert, Button, Card, Center, Group, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../api/client";
import { queries, SESSION } from "../session";
import { Brand } from "./brand";
import { problemWords } from "./notices";
import { ColourSwitch, LanguageSwitch } from "./preferences";

export function Login() {
  const { t } = useTranslation();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const open = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/session", { body: { login: login.trim(), password } })),
    onSuccess: (me) => queries.setQueryData(SESSION, me),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    open.mutate();
  };
  return (
    <Center component="main" mih="100vh" p="md" className="login">
      <Stack gap="md" w={380} maw="100%">
        <Group justify="center">
          <Brand size={40} />
        </Group>
        <Card padding="xl" shadow="sm">
          <form onSubmit={submit}>
            <Stack gap="md">
              <Title order={1} size="h3">
                {t("login.title")}
              </Title>
              {open.isError && (
                <Alert color="red" role="alert" data-testid="login-error">
                  {problemWords(open.error)}
                </Alert>
              )}
              <TextInput
                label={t("login.user")}
                value={login}
                onChange={(event) => setLogin(event.currentTarget.value)}
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                maxLength={64}
                autoFocus
                data-testid="login-user"
              />
              <PasswordInput
                label={t("login.password")}
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
                autoComplete="current-password"
                maxLength={256}
                data-testid="login-password"
              />
              <Button
                type="submit"
                size="md"
                loading={open.isPending}
                disabled={login.trim() === "" || password === ""}
                data-testid="login-submit"
              >
                {t("login.submit")}
              </Button>
            </Stack>
          </form>
        </Card>
        <Group justify="center">
          <LanguageSwitch />
          <ColourSwitch />
        </Group>
      </Stack>
    </Center>
  );
}
