import { useEffect, useState } from "react";
import { softphone } from "../../softphone";
import { claimPhone, type TabState } from "../../softphone/one_tab";

/** Whether this window may have the phone, and the way to take it from another. */
export function useTab(): { tab: TabState; take: () => void } {
  const [tab, setTab] = useState<TabState>("asking");
  const [claim, setClaim] = useState<ReturnType<typeof claimPhone> | null>(null);
  useEffect(() => {
    const made = claimPhone(setTab, () => softphone.stop());
    setClaim(made);
    return () => made.release();
  }, []);
  return { tab, take: () => claim?.take() };
}
