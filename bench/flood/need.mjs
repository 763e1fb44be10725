// What one client needs of the server, from spec and PROTOCOL.md: the first three seconds of a call are its busiest time.
// Connecting is a socket with its connection_init and a stream (callEvents); then come openCalls, callRelay, startCall (or
// reportRinging and answerCall), ten candidates as they are found, one sendDescription, and reportConnection.
const FIRST_SECONDS = 3;
const OPERATIONS = {
  connectionInit: 1,
  callEvents: 1,
  openCalls: 1,
  callRelay: 1,
  startCall: 1,
  sendIceCandidates: 10,
  sendDescription: 1,
  reportConnection: 1,
};

/** Operations a second. */
export const NEED = Math.ceil(Object.values(OPERATIONS).reduce((sum, count) => sum + count, 0) / FIRST_SECONDS);

/** Ten times that: a flood. */
export const FLOOD = 10 * NEED;
