import type { TFunction } from "i18next";
import type { Schemas } from "../../api/client";
import { formatNumber, formatShare } from "../../format/amounts";
import { queries } from "../../session";
import { wordsFor } from "../../words";
import type { Kept } from "../use_kept";

export type Entry = Schemas["CampaignEntry"];
export type Setup = Schemas["CampaignSetup"];
export type Settings = Schemas["CampaignSettings"];
export type Parts = Schemas["CampaignParts"];
export type Law = Schemas["LawView"];
export type Breach = Schemas["BreachView"];

export const ENTRIES = ["campaign-entries"];
export const PARTS = ["campaign-parts"];
export const setupKey = (id: number) => ["campaign-setup", id];

export const keptOf = ({ version, settings }: Setup): Kept<Settings> => ({ version, settings });

/** A setup that was just stored: shown at once, and every list of campaigns is read again. */
export function showStored(setup: Setup): Kept<Settings> {
  queries.setQueryData(setupKey(setup.id), setup);
  for (const queryKey of [ENTRIES, PARTS, ["campaigns"], ["changes", setup.id]])
    void queries.invalidateQueries({ queryKey });
  return keptOf(setup);
}

/** A rule set by its place: the country in the reader's language, what is smaller as the law names it. */
export function lawName(law: Pick<Law, "name" | "place">, t: TFunction, locale: string): string {
  if (law.name === "strict" || law.name === "laboratory") return t(`campaigns.laws.${law.name}`);
  const country = law.name.split("-")[0] as string;
  const name = new Intl.DisplayNames(locale, { type: "region" }).of(country) ?? country;
  return law.place === "" ? `${name} (${law.name})` : `${name}: ${law.place} (${law.name})`;
}

/** What is wrong and what to do about it, in the reader's language. */
export function breachWords({ fault, values, says }: Breach, locale: string): string {
  const told = Object.entries(values).map(([name, value]) => {
    if (name === "cap") return [name, formatShare(value as number, locale)];
    if (name === "most_pct") return [name, formatShare((value as number) / 100, locale)];
    if (name === "window" || name === "widest") return [name, wordsFor("window", String(value))];
    return [name, typeof value === "number" ? formatNumber(value, locale) : value];
  });
  return wordsFor("breach", fault, { ...Object.fromEntries(told), says });
}
