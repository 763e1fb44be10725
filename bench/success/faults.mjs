// Kinds of fault of a relay provider, as a real HTTP server shows them.
import { once } from 'node:events';
import { createServer } from 'node:http';

const json = (response, status, body, headers = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

const answers = {
  well: (response) =>
    json(response, 201, { iceServers: { urls: ['turn:relay.test:3478'], username: 'u', credential: 'p' } }),
  status: (status, headers) => (response) => json(response, status, { error: 'no' }, headers),
  reset: (response) => response.socket.resetAndDestroy(),
  hang: () => undefined,
  drip: (response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  },
  cut: (response) => {
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': 100 });
    response.write('{"iceServers":', () => response.socket?.resetAndDestroy());
  },
  page: (response) => response.writeHead(201, { 'content-type': 'text/html' }).end('<html>maintenance</html>'),
  noPassword: (response) => json(response, 201, { iceServers: { urls: ['turn:relay.test:3478'], username: 'u' } }),
  huge: (response) => json(response, 201, { padding: 'x'.repeat(80 * 1024) }),
  slowly: (answer, ms) => (response) => void setTimeout(() => answer(response), ms),
};

/** The same at each run: a linear congruential generator. */
function randomFrom(seed) {
  let state = seed;
  return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
}

const partly = (share, bad, good = answers.well) => {
  const random = randomFrom(42);
  return () => (random() < share ? bad : good);
};
const forPartOfEachSecond = (ms, bad) => () => (performance.now() % 1_000 < ms ? bad : answers.well);

/**
 * `half`: it still answers every second request, so that 97 % and more must be served. `floor`: the least share of requests
 * that independent tries would serve, where that is not half.
 */
export const FAULTS = [
  { name: '500, every second answer', half: true, answer: () => partly(0.5, answers.status(500)) },
  { name: '503, every second answer', half: true, answer: () => partly(0.5, answers.status(503)) },
  { name: '429, every second answer', half: true, answer: () => partly(0.5, answers.status(429)) },
  // Tries at 0, 1 and 2 s are all that Retry-After allows within the deadline.
  {
    name: '429 with Retry-After: 1, every second answer',
    floor: 0.75,
    answer: () => partly(0.5, answers.status(429, { 'retry-after': '1' })),
  },
  { name: 'connection reset, every second request', half: true, answer: () => partly(0.5, answers.reset) },
  { name: 'no answer, every second request', half: true, answer: () => partly(0.5, answers.hang) },
  { name: 'an answer that does not end, every second', half: true, answer: () => partly(0.5, answers.drip) },
  { name: 'an answer cut off, every second', half: true, answer: () => partly(0.5, answers.cut) },
  { name: 'an HTML page, every second answer', half: true, answer: () => partly(0.5, answers.page) },
  { name: 'no password, every second answer', half: true, answer: () => partly(0.5, answers.noPassword) },
  { name: 'an answer over 64 KiB, every second', half: true, answer: () => partly(0.5, answers.huge) },
  { name: '500, one answer of five', floor: 0.995, answer: () => partly(0.2, answers.status(500)) },
  { name: '503 for 400 ms of each second', half: true, answer: () => forPartOfEachSecond(400, answers.status(503)) },
  {
    name: 'connections reset for 400 ms of each second',
    half: true,
    answer: () => forPartOfEachSecond(400, answers.reset),
  },
  {
    name: '300 ms late, and 500 every second answer',
    half: true,
    answer: () => partly(0.5, answers.slowly(answers.status(500), 300), answers.slowly(answers.well, 300)),
  },
  { name: '500 always', floor: 0, answer: () => () => answers.status(500) },
  { name: 'refused (401) always', floor: 0, answer: () => () => answers.status(401) },
];

/** A provider on a free port; `fault` null: it is well. */
export async function startProvider() {
  let next = () => answers.well;
  const server = createServer((request, response) => {
    request.resume().on('end', () => next()(response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    show: (fault) => (next = fault === null ? () => answers.well : fault.answer()),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
