import type { Log, LogOptions } from './log.js';
import { load } from './packages.js';
import type { RunningServer } from './server.js';
import type { Settings } from './settings.js';

export type { Log, LogOptions } from './log.js';
export { parseSettings, SettingsError, type Environment, type Settings } from './settings.js';
export type { WebSocketDoor } from './websocket.js';
export { attachWebSocket, createWebSocket, type WebSocketOptions } from './attach.js';
export type { RunningServer } from './server.js';

/**
 * The log of the standalone server: JSON lines with listed fields only.
 *
 * @throws Error pino is not installed: the message says what to install
 */
export async function createLog(options: LogOptions): Promise<Log> {
  return (await load(import('./log.js'))).createLog(options);
}

/**
 * The standalone server: everything that the settings ask for, on one port.
 *
 * @throws RelayConfigError the relay configuration cannot be used
 * @throws TrustedDocumentsError the trusted documents cannot be used
 * @throws Error the address is in use, or a package is not installed: the message says which to install
 */
export async function startServer(settings: Settings, log: Log): Promise<RunningServer> {
  return (await load(import('./server.js'))).startServer(settings, log);
}
