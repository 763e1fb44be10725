import { isIP } from 'node:net';
import { settled } from '../host/settle.js';
import { before } from '../relay/deadline.js';
import {
  type AddressResolver,
  type ProviderCredentials,
  ProviderError,
  type ProviderRequest,
  type RelayProvider,
} from '../relay/ports.js';
import { credentials } from './answer.js';

/** A provider whose connections are ours to close. */
export interface OwnedProvider extends RelayProvider {
  /** Lets running requests end first. */
  close(): Promise<void>;
}

/** A host's own provider as a plain function. */
export type ProviderFunction = (request: ProviderRequest) => Promise<ProviderCredentials>;

/**
 * A host's own provider, held to what the others are held to: usable credentials or a ProviderError.
 *
 * @param name used where the provider is a function
 */
export function hostProvider(name: string, given: RelayProvider | ProviderFunction): OwnedProvider {
  const mint = typeof given === 'function' ? given : (request: ProviderRequest) => given.credentials(request);
  return {
    name: typeof given === 'function' ? name : given.name,
    async credentials(request: ProviderRequest): Promise<ProviderCredentials> {
      const answer = credentials.safeParse(await before(request.signal, settled(mint(request))));
      if (!answer.success) throw new ProviderError('malformed', null);
      return answer.data;
    },
    close: async () => undefined,
  };
}

/** A host's own resolver: what it answers beside addresses is left out. */
export function hostResolver(given: AddressResolver): AddressResolver {
  return {
    async resolve(hostname: string): Promise<readonly string[]> {
      const answer = await settled(given.resolve(hostname));
      return Array.isArray(answer)
        ? answer.filter((address) => typeof address === 'string' && isIP(address) !== 0)
        : [];
    },
  };
}
