import { SignalingError, type ErrorCode } from '../../src/errors.js';

/** What a host's function may do instead of what it is for. Each makes anew what it gives. */
export const MISBEHAVIOURS: Readonly<Record<string, () => unknown>> = {
  'throws an error': () => {
    throw new Error('secret of the host');
  },
  'throws undefined': () => {
    throw undefined as unknown as Error;
  },
  'throws what throws when it is looked at': () => {
    throw untouchable() as Error;
  },
  'throws an error for clients that there is not': () => {
    throw new SignalingError('NO_SUCH_CODE' as ErrorCode);
  },
  rejects: () => Promise.reject(new Error('secret of the host')),
  'rejects later, with nothing': () =>
    new Promise((_resolve, reject) => setTimeout(() => reject(undefined as unknown as Error), 5)),
  hangs: () => new Promise(() => undefined),
  'is a thenable that hangs': () => ({ then: () => undefined }),
  'is a thenable that throws': () => ({
    then: () => {
      throw new Error('secret of the host');
    },
  }),
  'is a thenable that resolves with itself': () => {
    const endless = { then: (resolve: (value: unknown) => void): void => resolve(endless) };
    return endless;
  },
  'is a thenable that answers twice': () => ({
    then: (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
      resolve(42);
      reject(new Error('secret of the host'));
      resolve('again');
    },
  }),
  'has a `then` that throws when it is looked at': () => ({
    get then() {
      throw new Error('secret of the host');
    },
  }),
  'answers undefined': () => undefined,
  'answers a number': () => Promise.resolve(42),
  'answers a function': () => () => true,
  'answers a megabyte of text': () => Promise.resolve('x'.repeat(1024 * 1024)),
  'answers a list of 100,000': () =>
    Promise.resolve(Array.from({ length: 100_000 }, () => ({ id: 'd', active: true }))),
  'answers what refers to itself': () => {
    const circle: unknown[] = [];
    circle.push(circle);
    return circle;
  },
  'answers what throws when it is looked at': () => Promise.resolve([untouchable()]),
};

/** Answers no question: whether it has a field, what is in it, what it is. But it can be handed over by a promise. */
function untouchable(): unknown {
  const refuse = (): never => {
    throw new Error('secret of the host');
  };
  return new Proxy(
    {},
    { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, getPrototypeOf: refuse },
  );
}
