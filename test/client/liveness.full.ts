// All cases of liveness.test.ts, which npm test has some of.
import './liveness.test.js';
