/** Starts the page. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ProblemError } from "~/api/problem";
import { InboxProvider } from "~/app/inbox/Inbox";
import { createPages } from "~/app/router";
import { LiveProvider } from "~/live/react";
import "~/styles/tokens.css";
import "~/styles/base.css";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refused it will refuse again; a lost connection or a busy server is worth two more tries.
      retry: (failures, error) => failures < 2 && !(error instanceof ProblemError && error.problem.status < 500),
      refetchOnWindowFocus: false,
    },
  },
});
const pages = createPages(queries);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <LiveProvider>
          <InboxProvider>
            <RouterProvider router={pages} />
          </InboxProvider>
        </LiveProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
