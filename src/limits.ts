/** Every limit of the protocol that is a number, in one place. Sizes are bytes of UTF-8 unless the name says otherwise. */
export const LIMITS = {
  messageBytes: 256 * 1024,
  messageFragments: 64,
  sdpBytes: 64 * 1024,
  candidateBytes: 2 * 1024,
  sdpMidLength: 255,
  sdpMLineIndexMax: 65_535,
  usernameFragmentLength: { min: 4, max: 256 },
  candidatesPerMutation: 50,
  candidatesPerDescription: 200,
  attachmentBytes: 4 * 1024,
  idLength: 256,
  openCallsPerAccount: 4,
  startsPerPairAndMinute: 6,
  connectionInitMs: 3_000,
  connectionInitBytes: 16 * 1024,
  silentSocketsPerAddress: 64,
  silentSocketsPerAddressAndSecond: 20,
  silentSockets: 2_048,
  refusedTokensPerAddressAndSecond: 50,
  anonymousBytesPerAddressAndSecond: 2 * 1024 * 1024,
  operationsPerSocket: 64,
  hangUpsPerSocket: 16,
  socketsPerDevice: 4,
  socketsPerAccount: 32,
  liveEventsWaiting: 256,
  documentDepth: 10,
  documentAliases: 15,
  documentTokens: 1_000,
  documentDirectives: 20,
  documentWork: 4_000,
  documentTokensWithoutSession: 400,
  documentWorkWithoutSession: 1_000,
  errorsPerRequest: 5,
  callsPerOperation: 200,
  openCallsRead: 16,
  entityRepresentations: 200,
  storeOperationsAtOnce: 16,
  storeOperationsWaiting: 1_024,
  relayProviderTries: 6,
  relayAddressesPerFamily: 4,
} as const;

/** The client's own name of a call: a UUID fits. */
export const CLIENT_CALL_ID = /^[0-9A-Za-z._~-]{16,64}$/;

/** Account, device and call ids: opaque printable ASCII. */
export const OPAQUE_ID = /^[\x20-\x7e]{1,256}$/;
