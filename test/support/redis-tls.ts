import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from './self-signed.js';

/** A private authority of which only these servers have a certificate, and what makes a redis-server speak TLS with it. */
export interface RedisTls {
  /** PEM. */
  readonly ca: string;
  readonly caFile: string;
  /** Settings of a redis-server, but for `tls-port`, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** The same as arguments of its command line. */
  readonly args: readonly string[];
}

/** @param directory where the files are put */
export function redisTls(directory: string): RedisTls {
  const { key, cert } = selfSigned();
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  writeFileSync(keyFile, key);
  writeFileSync(certFile, cert);
  const settings = {
    'tls-cert-file': certFile,
    'tls-key-file': keyFile,
    'tls-ca-cert-file': certFile,
    'tls-auth-clients': 'no',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return { ca: cert, caFile: certFile, settings, args };
}
