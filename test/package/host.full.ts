// All cases of host.test.ts, which npm test has some of.
import './host.test.js';
