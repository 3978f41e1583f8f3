/** Signing in: e-mail, password, and back to where one came from. */
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { api, unwrap } from "~/api/client";
import { fieldError } from "~/api/problem";
import { useEnterSession, useMember, useTenant } from "~/api/queries";
import { usePageTitle } from "~/app/usePageTitle";
import { Button } from "~/ui/button/Button";
import { TextField } from "~/ui/field/Field";
import { words } from "~/words";
import css from "./Form.module.css";
import { FormProblem } from "./FormProblem";

export function SignInPage() {
  usePageTitle(words.people.signIn);
  const { next } = useSearch({ from: "/sign-in" });
  const tenant = useTenant();
  const member = useMember();
  const enter = useEnterSession();
  const go = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => unwrap(api.POST("/api/v1/session", { body: { email: email.trim(), password } })),
    onSuccess: (session) => enter(session),
  });

  useEffect(() => {
    if (member) void go({ to: next ?? "/", replace: true });
  }, [member, next, go]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate();
  };
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>{words.people.signIn}</h1>
        <p className={css.lead}>{words.people.signInLead(tenant?.name ?? words.name)}</p>
      </header>
      <form className={css.form} onSubmit={submit}>
        <FormProblem error={signIn.error} fields={["email", "password"]} />
        <TextField
          label={words.people.email}
          type="email"
          name="email"
          autoComplete="username"
          isRequired
          value={email}
          onChange={setEmail}
          error={fieldError(signIn.error, "email")}
        />
        <TextField
          label={words.people.password}
          type="password"
          name="password"
          autoComplete="current-password"
          isRequired
          value={password}
          onChange={setPassword}
          error={fieldError(signIn.error, "password")}
        />
        <Button type="submit" look="primary" wide isPending={signIn.isPending}>
          {words.people.signIn}
        </Button>
      </form>
      {tenant?.sign_up === "open" && (
        <p className={css.other}>
          {words.people.noAccount}{" "}
          <Link to="/sign-up" search={next ? { next } : {}}>
            {words.people.signUp}
          </Link>
        </p>
      )}
    </div>
  );
}
