import { randomUUID } from 'node:crypto';
import type { DevelopmentToken } from './development.js';

/** What a tab of the playground opens with. */
export interface Example {
  readonly query: string;
  readonly variables?: string;
}

const TURN_CREDENTIALS = `# As the device whose token is under Headers.
query TurnCredentials {
  callRelay {
    iceServers {
      urls
      username
      credential
    }
    turnTtlSeconds
    refreshAfter
  }
}
`;

const START_CALL = `# Each new clientCallId is a new call: see Variables.
mutation StartCall($input: StartCallInput!) {
  startCall(input: $input) {
    outcome
    call {
      id
      state
      remainingMs
    }
  }
}
`;

const CALL_EVENTS = `# What the device is told, live: the latest event.
# To see a call come in, run this in a second window
# as bob-phone (Headers), and StartCall in this one.
subscription CallEvents {
  callEvents {
    __typename
    cursor
    ... on StreamReady {
      openCalls {
        id
        state
      }
    }
    ... on CallInvited {
      call {
        id
        caller {
          account {
            id
          }
        }
      }
      offer {
        id
        type
      }
    }
    ... on CallStateChanged {
      call {
        id
      }
      state
      endReason
    }
  }
}
`;

/** Operations that run with the development tokens as they are, one a tab. */
export function examples(): readonly Example[] {
  const input = { clientCallId: randomUUID(), calleeAccountId: 'bob', media: 'AUDIO', offerSdp: 'v=0\r\n' };
  return [
    { query: TURN_CREDENTIALS },
    { query: START_CALL, variables: JSON.stringify({ input }, null, 2) },
    { query: CALL_EVENTS },
  ];
}

/** The header editor takes comments: the first token is in use, and the others are at hand. */
export function exampleHeaders(tokens: readonly DevelopmentToken[]): string {
  const lines = tokens.map(({ deviceId, token }, index) => {
    const entry = `"authorization": "Bearer ${token}"`;
    return index === 0 ? `  // ${deviceId}\n  ${entry}` : `  // ${deviceId}\n  // ${entry}`;
  });
  return `{\n${lines.join('\n')}\n}`;
}
