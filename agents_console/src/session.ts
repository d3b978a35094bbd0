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

/** Where each role works, its first page first. */
export const PAGES: Record<Me["role"], ("agent" | "supervisor" | "qa")[]> = {
  agent: ["agent"],
  supervisor: ["supervisor", "qa"],
  qa: ["qa"],
  admin: ["supervisor", "qa"],
};
