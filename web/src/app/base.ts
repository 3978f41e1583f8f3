/** Where this page lives: at the root of a tenant's own address, or below `/t/{slug}` of a shared one. */
const PREFIX = /^\/t\/[a-z0-9][a-z0-9-]*(?=\/|$)/;

/** "" or "/t/demo": comes before every path of page, API and socket. */
export function base(pathname = location.pathname): string {
  return PREFIX.exec(pathname)?.[0] ?? "";
}
