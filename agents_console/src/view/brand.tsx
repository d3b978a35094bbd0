import { Group, Text } from "@mantine/core";

export function Brand({ size = 28 }: { size?: number }) {
  return (
    <Group gap={10} wrap="nowrap">
      <img src="/cadencia.svg" width={size} height={size} alt="" />
      <Text fw={700} fz={size * 0.62} style={{ letterSpacing: "-0.01em" }}>
        Cadencia
      </Text>
    </Group>
  );
}
