// All cases of faults.test.ts, which npm test has some of.
import './faults.test.js';
