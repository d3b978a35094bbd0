import { QueryClient, useQuery } from "@tanstack/react-query";
import { ApiError, answer, api, type Schemas } from "./api/client";

export type Me = Schemas["Me"];

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal does not get better by asking again; a dead network may.
      retry: (failures, error) => failures < 3 && error instanceof ApiError && error.problem.status === 0,
      staleTime: 15_000,
    },
  },
});

export const SESSION = ["session"];

/** Who is logged in; null: nobody. */
export function useSession() {
  return useQuery({
    queryKey: SESSION,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async (): Promise<Me | null> => {
      try {
        return await answer(api.GET("/api/v1/session"));
      } catch (error) {
        if (error instanceof ApiError && error.problem.status === 401) return null;
        throw error;
      }
    },
  });
}

export type Page =
  | "agent"
  | "supervisor"
  | "campaigns"
  | "imports"
  | "people"
  | "segments"
  | "scripts"
  | "plans"
  | "staffing"
  | "qa";

const LEADS_THE_SHIFT: Page[] = [
  "supervisor",
  "campaigns",
  "imports",
  "people",
  "segments",
  "scripts",
  "plans",
  "staffing",
  "qa",
];

/** Where each role works, its first page first. */
export const PAGES: Record<Me["role"], Page[]> = {
  agent: ["agent"],
  supervisor: LEADS_THE_SHIFT,
  qa: ["qa"],
  admin: LEADS_THE_SHIFT,
};
