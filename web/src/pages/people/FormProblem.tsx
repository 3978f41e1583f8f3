/** What the server says against a form as a whole; what it says of a field stands at the field. */
import { ProblemError, problemText } from "~/api/problem";
import { Icon } from "~/ui/icon/Icon";
import css from "./Form.module.css";

export function FormProblem({ error, fields }: { error: unknown; fields: readonly string[] }) {
  if (!error) return null;
  const named = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
  if (named.length > 0 && named.every((entry) => fields.includes(entry.field))) return null;
  const said = problemText(error);
  return (
    <div className={css.problem} role="alert">
      <Icon name="warning" size={18} />
      <p>
        {said.title}. {said.detail}
      </p>
    </div>
  );
}
