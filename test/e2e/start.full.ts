// All cases of start.test.ts, which npm test has some of.
import './start.test.js';
