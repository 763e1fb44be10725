/** What NODE_ENV says, by which Apollo Server decides what it shows. Read anew: hosts load their environment when they like. */
export function isProductionProcess(): boolean {
  return process.env['NODE_ENV'] === 'production';
}
