// All cases of relay-failures.test.ts, which npm test has some of.
import './relay-failures.test.js';
