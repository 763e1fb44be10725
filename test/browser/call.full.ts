// All cases of call.test.ts, which npm test has some of.
import './call.test.js';
