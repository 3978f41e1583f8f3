/**
 * The idempotency key of a form: the same for as long as the same thing is sent and nobody has answered, so that a second
 * try gets the first one's answer. What was answered, or is something else by now, gets a new one.
 */
import { useState } from "react";
import { ProblemError } from "~/api/problem";

export class OrderKey {
  private sent: { body: string; key: string } | null = null;

  constructor(private readonly make: () => string = () => crypto.randomUUID()) {}

  of(body: unknown): string {
    const text = JSON.stringify(body);
    if (this.sent?.body !== text) this.sent = { body: text, key: this.make() };
    return this.sent.key;
  }

  /** Call with what came back: nothing for a good answer. */
  settle(error?: unknown) {
    if (error === undefined || isRefusal(error)) this.sent = null;
  }
}

/** A refusal is final; a lost answer, a busy server, or one still at work is not. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  const { status } = error.problem;
  return status < 500 && status !== 408 && status !== 429 && error.slug !== "idempotency-in-progress";
}

export function useOrderKey(): OrderKey {
  return useState(() => new OrderKey())[0];
}
