/**
 * The one way to the HTTP API: typed by the OpenAPI document, same origin, with the CSRF token of the session and an
 * idempotency key on every change. Every failure is a `ProblemError`; a lost connection is a `TypeError`.
 */
import createClient, { type Middleware } from "openapi-fetch";
import { type Problem, ProblemError } from "~/api/problem";
import type { components, paths } from "~/api/schema";
import { base } from "~/app/base";

export type Schemas = components["schemas"];

let csrf: string | null = null;

/** Called by the session query alone. */
export function setCsrf(token: string | null) {
  csrf = token;
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method === "GET") return;
    if (csrf) request.headers.set("x-csrf-token", csrf);
    // One key per call; a form that may be sent twice passes its own, so that the server answers the second with the first.
    if (!request.headers.has("idempotency-key")) request.headers.set("idempotency-key", crypto.randomUUID());
  },
};

export const api = createClient<paths>({ baseUrl: base(), credentials: "same-origin" });
api.use(guard);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer, or the problem thrown. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  throw new ProblemError(asProblem(error, response));
}

function asProblem(error: unknown, response: Response): Problem {
  if (error && typeof error === "object" && "type" in error && "title" in error) return error as Problem;
  const instance = response.headers.get("x-request-id") ?? "";
  return {
    type: "about:blank",
    title: response.statusText || String(response.status),
    status: response.status,
    detail: "",
    instance,
  };
}
