import { NumberInput } from "@mantine/core";

interface FigureProps {
  label: string;
  description?: string;
  value: number;
  /** What is typed is the value times this: 100 for a share in percent. */
  scale?: number;
  /** Least, most and step, as typed. */
  range: [number, number, number];
  whole?: boolean;
  onChange: (value: number) => void;
  testid?: string;
}

/** A number of a campaign's setup. While its field is empty the setup keeps the last one. */
export function Figure({
  label,
  description,
  value,
  scale = 1,
  range,
  whole,
  onChange,
  testid,
}: FigureProps) {
  const [min, max, step] = range;
  return (
    <NumberInput
      label={label}
      description={description}
      value={Math.round(value * scale * 1000) / 1000}
      onChange={(typed) => typeof typed === "number" && onChange(Math.round((typed / scale) * 1e6) / 1e6)}
      min={min}
      max={max}
      step={step}
      decimalScale={whole ? 0 : 2}
      data-testid={testid}
    />
  );
}
