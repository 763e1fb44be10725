export { createLog, type Log, type LogOptions } from './log.js';
export { startServer, type RunningServer } from './server.js';
export { parseSettings, SettingsError, type Environment, type Settings } from './settings.js';
export { attachWebSocket, type WebSocketDoor, type WebSocketOptions } from './websocket.js';
