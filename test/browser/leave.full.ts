// All cases of leave.test.ts, which npm test has some of.
import './leave.test.js';
