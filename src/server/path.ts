/**
 * The path that a request is for, without its query, as routers read it: escapes stand for what they escape (RFC 3986, section
 * 6.2.2.2), and proxies may send a whole URL (RFC 9112, section 3.2.2).
 *
 * @param target what stands after the method in a request
 * @returns the path as it was sent, where it is no UTF-8: nothing is served there
 */
export function pathOf(target = ''): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
