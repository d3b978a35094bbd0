import { IconCloudOff, IconFlask, IconPlugConnectedX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLive } from "../state/store";
import { useLaboratory } from "./laboratory";

/** What everybody must know at once: no connection, nothing dials, or the laboratory's rules hold. */
export function Banners() {
  const { t } = useTranslation();
  const link = useLive((state) => state.link);
  const status = useLive((state) => state.switch);
  const laboratory = useLaboratory();
  const stopped = status !== null && !status.dialer_up;
  return (
    <aside aria-label={t("app.notices")}>
      {link === "lost" && (
        <Banner kind="alarm" testid="link-lost" icon={<IconCloudOff size={18} aria-hidden />}>
          {t("link.lost")}
        </Banner>
      )}
      {stopped && (
        <Banner kind="alarm" testid="dialer-down" icon={<IconPlugConnectedX size={18} aria-hidden />}>
          {t("link.dialerDown")}
        </Banner>
      )}
      {status !== null && !stopped && !status.switch_up && (
        <Banner kind="alarm" testid="switch-down" icon={<IconPlugConnectedX size={18} aria-hidden />}>
          {t("link.switchDown")}
        </Banner>
      )}
      {laboratory && (
        <Banner kind="note" testid="laboratory" icon={<IconFlask size={18} aria-hidden />}>
          {t("app.laboratory")}
        </Banner>
      )}
    </aside>
  );
}

interface BannerProps {
  kind: "alarm" | "note";
  testid: string;
  icon: ReactNode;
  children: ReactNode;
}

function Banner({ kind, testid, icon, children }: BannerProps) {
  return (
    <div className={`banner banner-${kind}`} role={kind === "alarm" ? "alert" : "note"} data-testid={testid}>
      {icon}
      <span>{children}</span>
    </div>
  );
}
