/**
 * The address without the path of PUBLIC_URL, which a proxy may pass on or take away. An address that does
 * not begin with that path is returned unchanged.
 * @param basePath "" for none; begins with a slash and does not end with one
 */
export const withoutBasePath = (url: string, basePath: string): string =>
  basePath !== "" && url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url;

/**
 * The relative address of this server's root, seen from a page. It is right whatever path a proxy has put
 * in front.
 * @param path of the page, without a query; begins with a slash
 */
export function wayToRoot(path: string): string {
  const depth = path.split("/").length - 2;
  return depth > 0 ? "../".repeat(depth) : "./";
}
