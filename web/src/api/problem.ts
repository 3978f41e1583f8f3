/** What the server says went wrong: RFC 9457 problem details as an error that queries and forms can show. */
import type { components } from "~/api/schema";
import { words } from "~/words";

export type Problem = components["schemas"]["Problem"];

export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.title);
    this.name = "ProblemError";
    this.problem = problem;
  }
  /** The stable name at the end of `type`: "nights-taken". */
  get slug(): string {
    return this.problem.type.split("/").pop() ?? this.problem.type;
  }
}

/** Trying again will not bring it. */
export function isGone(error: unknown): boolean {
  return error instanceof ProblemError && (error.problem.status === 404 || error.problem.status === 410);
}

/** The server's message for one field, if it has one. */
export function fieldError(error: unknown, field: string): string | null {
  if (!(error instanceof ProblemError)) return null;
  const found = error.problem.errors?.find((entry) => entry.field === field);
  if (!found) return null;
  return found.expected ? `${found.message} ${found.expected}` : found.message;
}

export function problemText(error: unknown): { title: string; detail?: string; instance?: string } {
  if (error instanceof ProblemError) {
    const { title, detail, instance, status } = error.problem;
    return {
      title: title || words.states.wrong,
      detail: detail ?? undefined,
      instance: status >= 500 ? (instance ?? undefined) : undefined,
    };
  }
  if (error instanceof TypeError) return { title: words.states.unreachable, detail: words.states.unreachableDetail };
  return { title: words.states.wrong, detail: words.states.wrongDetail };
}
