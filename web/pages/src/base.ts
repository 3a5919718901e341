// Where the server is mounted: `/`, or a path that ends with a slash. Every page lies directly in it.

const base = new URL('.', location.href);

/** The address of the server, without a slash at the end. */
export const address: string = base.href.slice(0, -1);

/** The path of a page or of an endpoint of this server: `pathOf('account')`, `pathOf('api/user')`. */
export function pathOf(name: string): string {
  return base.pathname + name;
}
