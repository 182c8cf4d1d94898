/**
 * The address without the path of PUBLIC_URL, which a proxy may pass on or take away. What does not begin with
 * it comes back as it is.
 * @param basePath "" for none; begins with a slash and does not end with one
 */
export const withoutBasePath = (url: string, basePath: string): string =>
  basePath !== "" && url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url;

/**
 * The way from a page to the root of this server, as a relative address: whatever path the proxy before us has
 * put in front, it leads there.
 * @param path of the page, without a query; begins with a slash
 */
export function wayToRoot(path: string): string {
  const depth = path.split("/").length - 2;
  return depth > 0 ? "../".repeat(depth) : "./";
}
