export { createHttpDirectory, type HttpDirectory, type HttpDirectoryOptions } from './directory/http-directory.js';
export { createHttpPolicy, type HttpPolicy, type HttpPolicyOptions } from './directory/http-policy.js';
export { createWebhook, type Webhook, type WebhookOptions } from './events/webhook.js';
export type { CallPolicy, SendWakeUp, WakeUp } from './call/ports.js';
export type { HostAuthenticator, RequestAuthenticator } from './host/authenticator.js';
export { HostCallbackError, type CallbackFailure, type CallbackName } from './host/callback.js';
export type { HostDirectory } from './host/directory.js';
export type { HostPolicy } from './host/policy.js';
export type { LoginHeaders, LoginRequest } from './identity/login.js';
export { ERRORS, SignalingError, type ErrorCode, type ErrorDetails } from './errors.js';
export type { CallContext } from './graphql/context.js';
export { readTrustedDocuments, TrustedDocumentsError, type TrustedDocuments } from './graphql/trusted-documents.js';
export type { Authenticator, Device, DeviceDirectory, KnownDevices, Viewer } from './identity/viewer.js';
export { createJwtAuthenticator, type JwtAuthenticator, type JwtAuthenticatorOptions } from './jwt/authenticator.js';
export type { KeyState } from './jwt/keys.js';
export type { RefusalReason, TokenRefusal } from './jwt/refusal.js';
export { LIMITS } from './limits.js';
export type {
  CallLifecycleEvent,
  Clock,
  EventSink,
  PermitDecision,
  RateLimit,
  RateLimiter,
  RelayEvent,
  SignalingEvent,
} from './ports.js';
export { RelayConfigError } from './relay/config.js';
export {
  ProviderError,
  type AddressResolver,
  type ProviderCredentials,
  type ProviderRequest,
  type RelayProvider,
} from './relay/ports.js';
export { createCallSignaling } from './signaling.js';
export type { CallAdapters, CallSignalingOptions, CursorKeys, RelayOptions } from './signaling/options.js';
export type { DependencyState } from './host/observed.js';
export type { Health, Readiness } from './signaling/health.js';
export type { CallSignaling, Graph, WebSocketParts } from './signaling/parts.js';
export type { WebSocketDoor } from './server/websocket.js';
export { attachWebSocket, createWebSocket, type WebSocketOptions } from './server/attach.js';
export { bodyErrors } from './server/body-errors.js';
export { createMetrics, type Metrics } from './events/metrics.js';
export type { OnWarning, Warning } from './events/warnings.js';
export { OptionsError } from './options.js';
export { systemClock } from './ports.js';
export type { ProviderInput, RelayConfigInput } from './providers/config-input.js';
