import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import { queries } from "../../session";

const STAFFING = ["staffing"];
const CHANGES = ["staffing-changes"];

/** Every group with its plans; read again each minute, as what is planned next moves on. */
export function useStaffing() {
  return useQuery({
    queryKey: STAFFING,
    queryFn: () => answer(api.GET("/api/v1/staffing")),
    refetchInterval: (query) => (query.state.status === "error" ? false : 60_000),
  });
}

export function useStaffingChanges() {
  return useQuery({
    queryKey: CHANGES,
    queryFn: () => answer(api.GET("/api/v1/staffing/changes")),
  });
}

/** After a change, whoever made it. */
export function readStaffingAgain(): void {
  void queries.invalidateQueries({ queryKey: STAFFING });
  void queries.invalidateQueries({ queryKey: CHANGES });
}
