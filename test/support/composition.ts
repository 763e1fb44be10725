import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './process.js';

export const DEPLOY = join(ROOT, 'deploy');
export const readDeploy = (name: string): string => readFileSync(join(DEPLOY, name), 'utf8');

export interface Service {
  readonly image?: string;
  readonly build?: object;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address: string } | null>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

/** What an operator has to say in `.env`; no secret is among it. */
export const GIVEN: Readonly<Record<string, string>> = {
  CALLS_HOST: 'calls.example.com',
  CORS_ORIGINS: 'https://app.example.com',
  AUTH_JWKS_URL: 'https://login.example.com/keys',
  AUTH_ISSUER: 'https://login.example.com',
  AUTH_AUDIENCE: 'calls',
  TURN_EXTERNAL_IP: '198.51.100.7',
  TURN_TLS: '/etc/letsencrypt/live/turn.example.com',
};

/** As Compose interpolates `${NAME:?}`. @throws Error one that is not given */
export function composition(given = GIVEN): Compose {
  const text = readDeploy('compose.yaml').replace(/\$\{(\w+):\?\}/g, (_, name: string) => {
    const value = given[name];
    if (value === undefined) throw new Error(`${name} is not given`);
    return value;
  });
  if (text.includes('${')) throw new Error('compose.yaml interpolates in a way that is not known here');
  return parse(text, { merge: true }) as Compose;
}

/** The secrets as deploy/make-secrets.sh makes them. */
export interface Secrets {
  readonly folder: string;
  path(name: string): string;
  read(name: string): string;
  /** A text with paths as containers see them, as it is with this folder. */
  placed(text: string): string;
  /** Makes those that are missing. */
  make(): void;
  remove(): void;
}

export function makeSecrets(): Secrets {
  const parent = mkdtempSync(join(tmpdir(), 'deploy-secrets-'));
  const folder = join(parent, 'secrets');
  const path = (name: string): string => join(folder, name);
  const make = (): void => {
    const { status, stderr } = spawnSync('sh', [join(DEPLOY, 'make-secrets.sh'), folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`make-secrets.sh failed: ${stderr}`);
  };
  make();
  return {
    folder,
    path,
    read: (name) => readFileSync(path(name), 'utf8').trimEnd(),
    placed: (text) => text.replaceAll('/run/secrets/', `${folder}/`),
    make,
    remove: () => rmSync(parent, { recursive: true }),
  };
}
