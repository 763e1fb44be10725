/** What only the standalone server needs: optional peers, so that hosts of the module need not install them. */
const PACKAGES =
  '@apollo/server @apollo/utils.keyvadapter @as-integrations/fastify @fastify/cors @keyv/redis fastify pino';

/**
 * What needs those packages is loaded when it is called, so that everything else can be had without them.
 *
 * @throws Error a package is missing: the message says what to install
 */
export async function load<Module>(loading: Promise<Module>): Promise<Module> {
  return loading.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`The standalone server needs packages that are not installed: npm install ${PACKAGES}`, {
      cause: error,
    });
  });
}
