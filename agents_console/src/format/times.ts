/** A span as a clock: 0:05, 12:34, 1:02:03. Negative spans (clocks that differ a little) are 0:00. */
export function formatSpan(span_ms: number): string {
  const total_s = Math.max(0, Math.floor(span_ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(total_s / 3600), Math.floor(total_s / 60) % 60, total_s % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Hour and minute of an instant, in `zone` (IANA name; absent: the browser's own). */
export function formatClock(at_ms: number, locale: string, zone?: string): string {
  return format(at_ms, locale, { hour: "2-digit", minute: "2-digit" }, zone);
}

export function formatDateTime(at_ms: number, locale: string, zone?: string): string {
  return format(at_ms, locale, { dateStyle: "medium", timeStyle: "short" }, zone);
}

/** A calendar day such as a due date (`2026-03-09`), which has no zone. */
export function formatDay(day: string, locale: string): string {
  return format(Date.parse(`${day}T12:00:00Z`), locale, { dateStyle: "medium" }, "UTC");
}

function format(at_ms: number, locale: string, options: Intl.DateTimeFormatOptions, zone?: string): string {
  return new Intl.DateTimeFormat(
    locale,
    zone && isZone(zone) ? { ...options, timeZone: zone } : options,
  ).format(at_ms);
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** An instant as the wall clock of `zone` shows it, in the form of an <input type="datetime-local">. */
export function toWallClock(at_ms: number, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(at_ms);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

/**
 * The instant (ms) at which the wall clock of `zone` shows `wall` (`2026-11-21T16:30`); null when it is no time.
 * A time that a change of the clocks skips gives the instant an hour later; one that comes twice, its first.
 */
export function fromWallClock(wall: string, zone: string): number | null {
  const asUtc = Date.parse(`${wall}:00Z`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(wall) || Number.isNaN(asUtc)) return null;
  const offsetAt = (at_ms: number) => Date.parse(`${toWallClock(at_ms, zone)}:00Z`) - at_ms;
  // The offset on either side of the moment: a change of the clocks lies at most between them.
  const candidates = [offsetAt(asUtc - 86_400_000), offsetAt(asUtc + 86_400_000)].map(
    (offset) => asUtc - offset,
  );
  const exact = candidates.filter((at_ms) => toWallClock(at_ms, zone) === wall);
  return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates);
}

/** Whether a calendar day lies before today, here. */
export function isPast(day: string, now_ms = Date.now()): boolean {
  return day < toWallClock(now_ms, OWN_ZONE).slice(0, 10);
}

/** A rest as people say it, in its largest whole unit: "5 s", "10 min", "2 h", "2 días". */
export function formatRest(rest_s: number, locale: string): string {
  const [unit, size_s] =
    (
      [
        ["day", 86_400],
        ["hour", 3600],
        ["minute", 60],
      ] as const
    ).find(([, size_s]) => rest_s >= size_s && rest_s % size_s === 0) ?? (["second", 1] as const);
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit,
    unitDisplay: unit === "day" ? "long" : "short",
  }).format(rest_s / size_s);
}

/** The day after `2026-11-21`. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
