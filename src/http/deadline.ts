import { ServiceError } from './client.js';

/**
 * Waits for the work, but no longer than so many milliseconds. The work itself goes on; what becomes of it is ignored.
 * @throws ServiceError `timeout`; whatever the work throws before that
 */
export async function within<Result>(timeoutMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ServiceError('timeout', null)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
