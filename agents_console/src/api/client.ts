import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** What the API refused, as it says it (RFC 9457), or `type: "unreachable"` when there was no answer. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

/** Only a page of ours can set a header of its own, so a forged form or link of another site can't act for us. */
const proveOrigin: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("X-Cadencia-Request", "1");
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: "", credentials: "same-origin" });
api.use(proveOrigin);

/** The body of a call's answer. Throws ApiError on a refusal, an answer that is no JSON, or a dead network. */
export async function answer<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  let result: { data?: T; error?: unknown; response: Response };
  try {
    result = await call;
  } catch (cause) {
    throw new ApiError({ type: "unreachable", title: "unreachable", status: 0, detail: String(cause) });
  }
  if (result.response.ok) return result.data as T;
  throw new ApiError(readProblem(result.error, result.response));
}

function readProblem(error: unknown, response: Response): Problem {
  if (typeof error === "object" && error !== null && "type" in error && "detail" in error) {
    const { type, detail } = error;
    const title = "title" in error ? String(error.title) : response.statusText;
    return { type: String(type), title, status: response.status, detail: String(detail) };
  }
  return { type: "unknown", title: response.statusText, status: response.status, detail: "" };
}
