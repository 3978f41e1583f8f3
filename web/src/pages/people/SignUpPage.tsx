/** Becoming a member: who one is, where one lives, and what one does in the community. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { api, type Schemas, unwrap } from "~/api/client";
import { useOrderKey } from "~/api/orderKey";
import { fieldError } from "~/api/problem";
import { useEnterSession, useMember, useTenant } from "~/api/queries";
import { usePageTitle } from "~/app/usePageTitle";
import { Button } from "~/ui/button/Button";
import { Chips } from "~/ui/choice/Choice";
import { TextField } from "~/ui/field/Field";
import { CityField } from "~/ui/lookup/CityField";
import { EmptyState } from "~/ui/states/States";
import { words } from "~/words";
import css from "./Form.module.css";
import { FormProblem } from "./FormProblem";

const FIELDS = ["email", "password", "name", "home_city", "roles"];

export function SignUpPage() {
  usePageTitle(words.people.signUp);
  const { next } = useSearch({ from: "/sign-up" });
  const tenant = useTenant();
  const member = useMember();
  const enter = useEnterSession();
  const go = useNavigate();
  const roles = useQuery({
    queryKey: ["roles"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/roles", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [city, setCity] = useState<Schemas["CityRef"] | null>(null);
  const [cityMissing, setCityMissing] = useState(false);
  const [chosen, setChosen] = useState<string[]>([]);
  const key = useOrderKey();
  const signUp = useMutation({
    mutationFn: (homeCity: number) => {
      const body = {
        name: name.trim(),
        email: email.trim(),
        password,
        home_city: homeCity,
        roles: chosen as Schemas["NewAccount"]["roles"],
      };
      return unwrap(api.POST("/api/v1/accounts", { params: { header: { "Idempotency-Key": key.of(body) } }, body }));
    },
    onSuccess: (session) => {
      key.settle();
      enter(session);
    },
    onError: (error) => key.settle(error),
  });

  useEffect(() => {
    if (member) void go({ to: next ?? "/", replace: true });
  }, [member, next, go]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setCityMissing(city === null);
    if (city !== null && !signUp.isPending) signUp.mutate(city.id);
  };
  if (tenant?.sign_up === "closed")
    return (
      <div className={css.page}>
        <EmptyState icon="person" title={words.people.closed}>
          <p>{words.people.closedText(tenant.name)}</p>
        </EmptyState>
      </div>
    );
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>{words.people.signUp}</h1>
        <p className={css.lead}>{words.people.signUpLead(tenant?.name ?? words.name)}</p>
      </header>
      <form className={css.form} onSubmit={submit}>
        <FormProblem error={signUp.error} fields={FIELDS} />
        <TextField
          label={words.people.name}
          hint={words.people.nameHint}
          name="name"
          autoComplete="name"
          isRequired
          maxLength={120}
          value={name}
          onChange={setName}
          error={fieldError(signUp.error, "name")}
        />
        <TextField
          label={words.people.email}
          type="email"
          name="email"
          autoComplete="username"
          isRequired
          value={email}
          onChange={setEmail}
          error={fieldError(signUp.error, "email")}
        />
        <TextField
          label={words.people.password}
          hint={words.people.passwordHint}
          type="password"
          name="password"
          autoComplete="new-password"
          isRequired
          minLength={10}
          maxLength={200}
          value={password}
          onChange={setPassword}
          error={fieldError(signUp.error, "password")}
        />
        <CityField
          label={words.people.homeCity}
          hint={words.people.homeCityHint}
          isRequired
          value={city}
          onChange={(place) => {
            setCity(place);
            setCityMissing(false);
          }}
          error={cityMissing ? words.people.homeCityMissing : fieldError(signUp.error, "home_city")}
        />
        {roles.data && (
          <Chips
            label={words.people.roles}
            options={roles.data.map((role) => ({ id: role.id, label: role.name }))}
            value={chosen}
            onChange={setChosen}
          />
        )}
        <Button type="submit" look="primary" wide isPending={signUp.isPending}>
          {words.people.signUp}
        </Button>
      </form>
      <p className={css.other}>
        {words.people.haveAccount}{" "}
        <Link to="/sign-in" search={next ? { next } : {}}>
          {words.people.signIn}
        </Link>
      </p>
    </div>
  );
}
