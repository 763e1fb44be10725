// All cases of start-failures.test.ts, which npm test has some of.
import './start-failures.test.js';
