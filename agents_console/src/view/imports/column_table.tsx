import { Select, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import type { Preview } from "./import";

/** Of a column's values, those that are shown. */
const SAMPLES = 3;
/** No column of ours is called so. */
const UNUSED = "-";

interface ColumnTableProps {
  preview: Preview;
  choices: Schemas["ColumnChoice"][];
  /** The file's names to ours; empty: not used. */
  columns: Record<string, string>;
  onChange: (columns: Record<string, string>) => void;
}

/** Each column of the file with its first values, and what it is. */
export function ColumnTable({ preview, choices, columns, onChange }: ColumnTableProps) {
  const { t } = useTranslation();
  const taken = new Map(Object.entries(columns).map(([theirs, ours]) => [ours, theirs]));
  return (
    <div className="scroll-across">
      <Table verticalSpacing={5} fz="sm" className="column-table" data-testid="column-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("imports.theirs")}</Table.Th>
            <Table.Th>{t("imports.ours")}</Table.Th>
            <Table.Th>{t("imports.samples")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {preview.columns.map(({ name, target, guessed }, n) =>
            name === "" ? null : (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns stand where the file has them
              <Table.Tr key={`${n} ${name}`}>
                <Table.Td className="import-name">{name}</Table.Td>
                <Table.Td>
                  <Select
                    size="xs"
                    aria-label={t("imports.meaning", { name })}
                    data={[
                      { value: UNUSED, label: t("imports.unused") },
                      ...choices.map((choice) => ({
                        value: choice.name,
                        label: t(`column.${choice.name as "phone1"}`),
                        disabled: taken.has(choice.name) && taken.get(choice.name) !== name,
                      })),
                    ]}
                    value={columns[name] || UNUSED}
                    onChange={(ours) =>
                      onChange({ ...columns, [name]: ours === null || ours === UNUSED ? "" : ours })
                    }
                    allowDeselect={false}
                    searchable
                    data-testid={`column-${n}`}
                  />
                  {guessed && columns[name] === target && (
                    <Text size="xs" c="dimmed">
                      {t("imports.guessed")}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Text span inherit c="dimmed" className="import-samples">
                    {preview.rows
                      .slice(0, SAMPLES)
                      .map((row) => row[n] ?? "")
                      .filter(Boolean)
                      .join(" · ")}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ),
          )}
        </Table.Tbody>
      </Table>
    </div>
  );
}
