/** A short list of acts behind one button. Its code comes after the first paint; until then the button stands there alone. */
import { type ComponentProps, lazy, Suspense } from "react";
import type MenuNow from "~/ui/menu/MenuNow";

const Later = lazy(() => import("~/ui/menu/MenuNow"));

export function Menu(props: ComponentProps<typeof MenuNow>) {
  return (
    <Suspense fallback={props.trigger}>
      <Later {...props} />
    </Suspense>
  );
}
